import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import type { Bench, Explained } from "./testing.js";

export const layers = ["1", "2"].map((digit) => `sha256:${digit.repeat(64)}` as const);
/** What is on the shelf. */
export const image = { name: "redis:7", diffIds: layers };

/** Everything below a directory but the times of reading. */
function treeOf(directory: string): string {
  const program = "find . -printf '%p %y %m %U %i %s %T@ %C@ %l\\n' | sort";
  return execFileSync("sh", ["-c", program], { cwd: directory, encoding: "utf8" });
}

/** Texts of the lines with a name, without the test's own paths. */
export function texts({ work }: Bench, { lines }: Explained, name: string): string[] {
  const named = lines.filter((line) => line.startsWith(`${name}: `));
  return named.map((line) => line.slice(name.length + 2).replaceAll(work, "/work"));
}

/** An executable in a directory of its own. @returns the directory. */
export function program({ work }: Bench, directory: string, name: string, text: string): string {
  const path = `${work}/${directory}`;
  fs.mkdirSync(path, { recursive: true });
  fs.writeFileSync(`${path}/${name}`, text, { mode: 0o755 });
  return path;
}

export const shimText = "#!/bin/sh\n# larder-shim\n";
export const otherText = "#!/bin/sh\nexit 0\n";

/** Explains with Larder's programs first in PATH, and asserts that nothing has changed. */
export function explain(bench: Bench, args: readonly string[], env: NodeJS.ProcessEnv = {}): Explained {
  for (const name of ["dockerd", "containerd"]) program(bench, "shims", name, shimText);
  const before = treeOf(bench.work);
  const path = [env.PATH, `${bench.work}/shims`].filter((one) => one !== undefined).join(":");
  const explained = bench.explain(args, { ...env, PATH: path });
  assert.equal(treeOf(bench.work), before, "nothing is changed");
  assert.deepEqual(
    fs.readdirSync("/dev/shm").filter((name) => name.startsWith("larder-explain")),
    [],
  );
  const shows = explained.lines.at(-1) === "images: show up";
  if (explained.code !== 2) assert.equal(explained.code, shows ? 0 : 1, explained.lines.join("\n"));
  return explained;
}

/** The reasons why images do not show up. */
export function reasons(bench: Bench, explained: Explained): string[] {
  return texts(bench, explained, "why not");
}
