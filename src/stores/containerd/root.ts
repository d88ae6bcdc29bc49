import { readFile } from "node:fs/promises";
import { type Digest, hexOf } from "../../image/digest.js";
import { contentDirectory, databases } from "./tree.js";

/** Reads the files that a containerd wrote below its root. The daemon must not be running. */
export class ContainerdRoot {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  database(name: keyof typeof databases): Promise<Buffer> {
    return readFile(`${this.path}/${databases[name]}`);
  }

  /** A blob of the content store. */
  blob(digest: Digest): Promise<Buffer> {
    return readFile(`${this.path}/${contentDirectory}/blobs/sha256/${hexOf(digest)}`);
  }
}
