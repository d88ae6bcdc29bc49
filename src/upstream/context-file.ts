import { LarderError } from "../error.js";
import type { Bridge } from "../gateway/bridge.js";
import { copySource } from "./copy-source.js";
import { asIntermediate, type FileRequest, withText } from "./request.js";
import { solveOne } from "./solve.js";

const copied = "/larder-file";

/**
 * Reads a file of the build context as COPY does: from any kind of context, and with `.dockerignore`.
 * @throws LarderError in upstream's words
 */
export async function readContextFile(bridge: Bridge, asked: FileRequest, path: string): Promise<Buffer> {
  const text = `FROM scratch\nCOPY [${copySource(path)}, ${JSON.stringify(copied)}]\n`;
  const { result } = await solveOne(bridge, asIntermediate(withText(asked, text)));
  if (result?.$case !== "ref") throw new LarderError("the build context is empty");
  return bridge.readFile(result.value.id, copied);
}

/** @returns undefined if the build context has no such file. */
export async function tryContextFile(
  bridge: Bridge,
  asked: FileRequest,
  path: string,
): Promise<string | undefined> {
  try {
    return (await readContextFile(bridge, asked, path)).toString("utf8");
  } catch (error) {
    if (/not found|no such file/i.test(LarderError.from(error).message)) return undefined;
    throw error;
  }
}
