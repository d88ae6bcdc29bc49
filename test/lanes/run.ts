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
import { buildkitdLane, engineLanes, type Lane } from "./lanes.js";
import { leftOut, leftOutOnBuildkitd } from "./left-out.js";

const all = process.argv.includes("--all");
const root = fileURLToPath(new URL("../..", import.meta.url));
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

/** @returns why there can be no buildkitd here; undefined if there can be one. */
function whyNoBuildkitd(): string | undefined {
  if (spawnSync("go", ["version"]).status !== 0) return "there is no go in PATH to build buildkitd with";
  const lab = process.env.LARDER_LAB_DIR ?? join(root, ".lab");
  if (existsSync(join(lab, "adopted")))
    return "the lab uses the machine's own engine and has no network for another";
  return undefined;
}

function report(skipped: string | undefined): void {
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
  if (skipped !== undefined) console.log(`skipped: the lane buildkitd, because ${skipped}`);
  if (all) return;
  console.log("left out, and run by npm run test:all:");
  for (const { tests } of [...leftOut, ...leftOutOnBuildkitd]) console.log(`  ${tests}`);
}

const isReady = await runLanes([
  { name: "unit", command: "mocha --require test/lanes/durations.ts" },
  { name: "lab", command: "lab/up.sh" },
]);
const skipped = whyNoBuildkitd();
// The longest first: the last one begins when one of the others has ended.
const lanes = [...engineLanes(all), ...(skipped === undefined ? [buildkitdLane(all)] : [])];
const inLab = lanes.map(({ name, command }) => ({ name, command: `lab/run.sh ${command}` }));
const isGood = isReady && (await runLanes(inLab));
report(skipped);
rmSync(durations, { recursive: true });
process.exitCode = isGood ? 0 : 1;
