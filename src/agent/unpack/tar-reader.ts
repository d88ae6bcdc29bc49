import { spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { toolEnvironment } from "../../files/tool.js";

/** A tool that reads a tar. */
export interface TarReader {
  give(chunk: Buffer): Promise<void>;
  close(): void;
  /** Rejects with the tool's words if it fails. */
  readonly done: Promise<void>;
}

export function startTarReader(tool: string, args: readonly string[]): TarReader {
  const child = spawn(tool, args, { stdio: ["pipe", "ignore", "pipe"], env: toolEnvironment() });
  const input: Writable = child.stdin;
  const status = new Promise<number | null>((resolve, reject) =>
    child.on("error", reject).on("close", resolve),
  );
  const done = Promise.all([text(child.stderr), status]).then(([words, code]) => {
    if (code !== 0 || /Cannot set '?security\.capability/.test(words)) {
      throw new Error(`${tool}: ${words.trim() || `exit code ${code}`}`);
    }
  });
  done.catch(() => {});
  let wake = (): void => {};
  for (const event of ["drain", "close"]) input.on(event, () => wake());
  // A reader may be content before the end, as tar is after its two blocks of zeros.
  input.on("error", () => {});
  return {
    give: async (chunk) => {
      if (!input.writable || input.write(chunk)) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (!input.writable) resolve();
      });
    },
    close: () => input.end(),
    done,
  };
}
