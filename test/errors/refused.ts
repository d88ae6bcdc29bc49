import assert from "node:assert/strict";
import { type Build, failingBuild } from "../harness/build.js";
import { tryDocker } from "../harness/docker.js";

export interface Refusal {
  /** The text after `failed to solve: ` in the build's output. */
  readonly message: string;
  readonly log: string;
}

export interface RefusedBuild extends Omit<Build, "tag"> {
  /** First line of the instruction that buildx must show. */
  readonly shows: string;
  /** The number of the instruction's lines. */
  readonly lines?: number;
}

/**
 * A build that must fail, show the line of the Dockerfile, and tag nothing.
 * @returns the output.
 */
export async function refusal({ shows, lines = 1, ...request }: RefusedBuild): Promise<Refusal> {
  const tag = `e2e-errors:${process.pid}`;
  const log = await failingBuild({ ...request, tag });
  // The harness puts one line before the Dockerfile.
  const dockerfile = ["", ...request.dockerfile.split("\n")];
  const first = dockerfile.indexOf(shows) + 1;
  assert.ok(first > 0, `the Dockerfile has no line ${shows}`);
  const places = log.match(/^Dockerfile:\d+$/gm);
  assert.deepEqual(places, [`Dockerfile:${first}`], log);
  const marked = [...log.matchAll(/^ *(\d+) \| >>> (.*)$/gm)].map(([, number, text]) => [
    Number(number),
    text,
  ]);
  const wanted = dockerfile.slice(first - 1, first - 1 + lines).map((text, index) => [first + index, text]);
  assert.deepEqual(marked, wanted, log);
  assert.notEqual((await tryDocker(["image", "inspect", tag], request)).status, 0, `${tag} was tagged`);
  return { message: lastWords(log), log };
}

/** The end of buildx's output. */
export function lastWords(log: string): string {
  // buildx prints the error that it receives first: from the solve, or from its own function that waits for the solve.
  const message = /^ERROR: failed to build: failed to (?:solve|run Build function): (.*)$/ms.exec(log)?.[1];
  assert.ok(message, `the build's last words are missing:\n${log}`);
  return message.trimEnd();
}

/** Asserts one sentence about one image: one line, with the way out. @param where The place in a file of images. */
export function assertSentence(
  { message, log }: Refusal,
  image: string,
  pattern: RegExp,
  where?: string,
): void {
  const start = `PRELOAD: image "${image}"${where === undefined ? "" : ` (${where})`}: `;
  assert.ok(message.startsWith(start), `not about ${image}: ${message}\n${log}`);
  assert.doesNotMatch(message, /\n/);
  assert.ok(pattern.test(message.slice(start.length)), `${pattern} does not match: ${message}\n${log}`);
}
