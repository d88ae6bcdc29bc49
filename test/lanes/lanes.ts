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

/** With `all` on two older versions, too: the first one that gives single blobs, and one that does not. */
const olderBuildkits = ["v0.28.1", "v0.26.3"];

export function buildkitdLane(all: boolean): Lane {
  const filter = all ? "" : `--grep '${patternOf(leftOutOnBuildkitd)}' --invert`;
  const config = `--config test/buildkitd/.mocharc.json --require test/lanes/durations.ts`;
  const command = `lab/buildkitd.sh run mocha ${config} ${filter}`;
  const older = olderBuildkits.map((version) => `LARDER_BUILDKIT_VERSION=${version} ${command}`);
  return { name: "buildkitd", command: all ? inTurn([command, ...older]) : command };
}

/** What Docker 29 builds and starts: its BuildKit, its store and its containers are others than those of Docker 28.5. */
const onDocker29 = ["result", "privilege"];
const allOnDocker29 = [...onDocker29, "attach", "corpus", "sharing"];

export function docker29Lane(all: boolean): Lane {
  const specs = (all ? allOnDocker29 : onDocker29).map((folder) => `--spec 'test/${folder}/*.spec.ts'`);
  const command = `mocha --no-config ${shared} ${times} ${specs.join(" ")}`;
  return { name: "docker29", command: `lab/engine.sh run docker29 --docker29 -- ${command}` };
}

/** Runs all of them, also after one that fails. They have no quotes in them. */
function inTurn(commands: readonly string[]): string {
  return `sh -c 'bad=0; ${commands.map((one) => `${one} || bad=1`).join("; ")}; exit $bad'`;
}
