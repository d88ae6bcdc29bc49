import assert from "node:assert/strict";
import type { Diagnosis } from "../../src/cli/doctor/diagnose.js";
import type { SystemContainer } from "../harness/system-container.js";
import { larder } from "./larder.js";

/** The diagnosis, whose exit code says the same. */
export async function doctor({ id }: SystemContainer): Promise<Diagnosis> {
  const { status, stdout, stderr } = await larder(["doctor", "--json", id]);
  assert.ok(stdout.startsWith("{"), stderr);
  const diagnosis = JSON.parse(stdout) as Diagnosis;
  assert.equal(status, diagnosis.shows ? 0 : 1);
  return diagnosis;
}

export function textOf({ found }: Diagnosis, name: string): string | undefined {
  return found.find((one) => one.name === name)?.text;
}
