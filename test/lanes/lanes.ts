/** The lanes of tests, which run side by side. */
import { leftOut, leftOutOnBuildkitd, patternOf } from "./left-out.js";

export interface Lane {
  readonly name: string;
  /** The program and its arguments, in a shell, with the lab up. */
  readonly command: string;
}

const shared = "--node-option import=tsx --require test/harness/cleanup.ts --require test/lanes/durations.ts";
const times = "--timeout 600000 --slow 10000";

/** Tests whose subject is a build. Those in the other lane start containers. */
const building = [
  "checks",
  "contexts",
  "corpus",
  "errors",
  "language",
  "lists",
  "onbuild",
  "options",
  "plan",
  "platforms",
  "privilege",
  "result",
  "sharing",
  "ways",
];

/** Built by the daemon way, too, by `npm run test:all`. */
const byDaemon = ["containerd", "exact-files", "from", "inner-docker"];

export function engineLanes(all: boolean): Lane[] {
  const filter = all ? "" : `--grep '${patternOf(leftOut)}' --invert`;
  const build = building.map((folder) => `--spec 'test/${folder}/*.spec.ts'`).join(" ");
  const others = building.map((folder) => `--ignore 'test/${folder}/**'`).join(" ");
  const daemon = byDaemon.map((folder) => `--spec 'test/${folder}/*.spec.ts'`).join(" ");
  const again = `LARDER_TEST_VIA=daemon mocha --no-config ${shared} ${times} ${daemon}`;
  return [
    ...(all ? [{ name: "daemon", command: again }] : []),
    { name: "build", command: `mocha --no-config ${shared} ${times} ${filter} ${build}` },
    {
      name: "run",
      command: `mocha --no-config ${shared} ${times} ${filter} --ignore 'test/buildkitd/**' ${others} --spec 'test/**/*.spec.ts'`,
    },
  ];
}

export function buildkitdLane(all: boolean): Lane {
  const filter = all ? "" : `--grep '${patternOf(leftOutOnBuildkitd)}' --invert`;
  const config = `--config test/buildkitd/.mocharc.json --require test/lanes/durations.ts`;
  return { name: "buildkitd", command: `lab/buildkitd.sh run mocha ${config} ${filter}` };
}
