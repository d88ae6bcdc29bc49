import { readFile } from "node:fs/promises";
import { LarderError } from "../../error.js";
import { isObject } from "../../is-object.js";
import { resolveInStage } from "../stage-path.js";

export const daemonJson = "/etc/docker/daemon.json";

/**
 * The settings of the stage's Docker; none where the file is missing or empty. @param path absolute in the stage.
 * @throws LarderError if it cannot be read, or is not a JSON object.
 */
export async function readDaemonJson(stage: string, path = daemonJson): Promise<Record<string, unknown>> {
  const fault = (what: string) =>
    new LarderError(`the stage's ${path} ${what}: mend it in the base image, or above PRELOAD`);
  const resolved = await resolveInStage(stage, path);
  if (resolved === undefined) return {};
  const text = await readFile(stage + resolved, "utf8").catch((error: Error) => {
    throw fault(`cannot be read: ${error.message}`);
  });
  if (text.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw fault(`is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isObject(value)) throw fault("is not a JSON object");
  return { ...value };
}
