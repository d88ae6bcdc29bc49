import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import type { Readable } from "node:stream";

/** The files of a layout: a folder, or a tar that is read by seeking. */
export interface Files {
  /** The whole file. @returns undefined if there is no such file. */
  read(path: string): Promise<Buffer | undefined>;
  /** Bytes of the file. @returns undefined if there is no such file. */
  size(path: string): Promise<number | undefined>;
  open(path: string): Promise<Readable>;
}

export function folderFiles(folder: string): Files {
  return {
    read: (path) => orMissing(readFile(`${folder}/${path}`)),
    size: async (path) => (await orMissing(stat(`${folder}/${path}`)))?.size,
    open: async (path) => createReadStream(`${folder}/${path}`, { highWaterMark: 1 << 18 }),
  };
}

function orMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  return reading.catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}
