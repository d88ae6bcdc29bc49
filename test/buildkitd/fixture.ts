import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atEnd } from "../harness/cleanup.js";
import { output, run } from "../harness/command.js";
import { buildkitd, lab, labImage } from "../harness/lab.js";

export const inner = [labImage("busybox:1"), labImage("nginx:latest")] as const;

/** One build for all of these tests. Each test exports it in another way. */
export const dockerfile = `FROM ${lab.system} AS system
RUN echo above >/above
PRELOAD ${inner.join(" ")}
RUN echo below >/below
`;

/** A folder that is removed after the suite. */
export function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "larder-buildkitd-"));
  atEnd(async () => rmSync(folder, { recursive: true }));
  return folder;
}

/** A build context with this Dockerfile and nothing else. */
export function contextWith(text: string): string {
  const folder = join(temporary(), "context");
  mkdirSync(folder);
  writeFileSync(join(folder, "Dockerfile"), text);
  return folder;
}

export function target() {
  if (!buildkitd) throw new Error("there is no buildkitd: run these tests with npm run test:buildkitd");
  return buildkitd;
}

export function buildctl(...args: readonly string[]): Promise<string> {
  return output(target().buildctl, ["--addr", target().address, ...args]);
}

/** `buildctl build` of a context, with the privileges that Larder needs. @returns its log. */
export async function buildctlBuild(context: string, ...args: readonly string[]): Promise<string> {
  const locals = ["context", "dockerfile"].flatMap((name) => ["--local", `${name}=${context}`]);
  const allow = ["--allow", "network.host"];
  const { buildctl, address } = target();
  const command = ["--addr", address, "build", "--progress", "plain", ...locals, ...allow, ...args];
  const { status, stdout, stderr } = await run(buildctl, command);
  if (status !== 0) throw new Error(`buildctl build: exit status ${status}\n${stdout}${stderr}`);
  return stdout + stderr;
}
