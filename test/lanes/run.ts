/**
 * `npm test`, and with `--all` `npm run test:all`: unit tests while the lab comes up, then the end-to-end tests in lanes
 * side by side. At its end it says how long each lane and the slowest files took, and which tests it left out.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import concurrently from "concurrently";
import { buildkitdLane, docker29Lane, engineLanes, type Lane } from "./lanes.js";
import { leftOut, leftOutOnBuildkitd } from "./left-out.js";

const all = process.argv.includes("--all");
const root = fileURLToPath(new URL("../..", import.meta.url));
// The lab has more for them.
if (all) process.env.LARDER_LAB_ALL = "1";
const durations = mkdtempSync(join(tmpdir(), "larder-durations-"));
const laneSeconds = new Map<string, number>();

/** Runs all of them to their ends. @returns whether all succeeded. */
async function runLanes(lanes: readonly Lane[]): Promise<boolean> {
  const { commands, result } = concurrently(
    lanes.map(({ name, command }) => ({
      name,
      command,
      env: { LARDER_DURATIONS: join(durations, `${name}.json`) },
    })),
    // One for each of two cores: more of them wait for each other, past the time limits of daemons.
    { cwd: root, prefix: "name", padPrefix: true, maxProcesses: 2 },
  );
  for (const { name, close } of commands) {
    close.subscribe(({ timings }) => laneSeconds.set(name, timings.durationSeconds));
  }
  return result.then(
    () => true,
    () => false,
  );
}

/** Lanes on engines that the lab builds with Go. */
function otherLanes(): readonly (Lane & { readonly skipped: string | undefined })[] {
  const lab = process.env.LARDER_LAB_DIR ?? join(root, ".lab");
  const noNetwork = existsSync(join(lab, "adopted"))
    ? "the lab uses the machine's own engine and has no network for another"
    : undefined;
  const noGo =
    spawnSync("go", ["version"]).status === 0 ? undefined : "there is no go in PATH to build buildkitd with";
  const why = join(lab, "docker29-skipped");
  const noDocker29 = existsSync(why) ? readFileSync(why, "utf8").trim() : undefined;
  return [
    { ...buildkitdLane(all), skipped: noGo ?? noNetwork },
    { ...docker29Lane(all), skipped: noDocker29 ?? noNetwork },
  ];
}

function report(others: ReturnType<typeof otherLanes>): void {
  const minutes = (seconds: number): string => `${(seconds / 60).toFixed(1)} min`;
  console.log("\nlanes:");
  for (const [name, seconds] of laneSeconds) console.log(`  ${minutes(seconds).padStart(9)}  ${name}`);
  const files = [...laneSeconds.keys()].flatMap((name) => {
    const path = join(durations, `${name}.json`);
    const read = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Record<string, number>) : {};
    return Object.entries(read).map(([file, seconds]) => ({ name, file, seconds }));
  });
  console.log("the ten slowest files:");
  for (const { name, file, seconds } of files.sort((a, b) => b.seconds - a.seconds).slice(0, 10))
    console.log(`  ${minutes(seconds).padStart(9)}  ${file} (${name})`);
  for (const { name, skipped } of others)
    if (skipped !== undefined) console.log(`skipped: the lane ${name}, because ${skipped}`);
  if (all) return;
  console.log("left out, and run by npm run test:all:");
  for (const { tests } of [...leftOut, ...leftOutOnBuildkitd]) console.log(`  ${tests}`);
}

const isReady = await runLanes([
  { name: "unit", command: "mocha --require test/lanes/durations.ts" },
  { name: "lab", command: "lab/up.sh" },
]);
const others = otherLanes();
// The longest first: the last one begins when one of the others has ended.
const lanes = [...engineLanes(all), ...others.filter(({ skipped }) => skipped === undefined)];
const inLab = lanes.map(({ name, command }) => ({ name, command: `lab/run.sh ${command}` }));
const isGood = isReady && (await runLanes(inLab));
report(others);
rmSync(durations, { recursive: true });
process.exitCode = isGood ? 0 : 1;
