import type { TarEntry } from "../../files/tar-entry.js";
import type { Usage } from "../../files/usage.js";
import type { DiffId } from "../../image/digest.js";
import type { Whiteouts } from "../whiteouts.js";
import type { ExpectedTree } from "./expected-tree.js";
import type { LayerCheck, LayerResult } from "./layer-check.js";

/** The facts that the layer's own tar gives. */
export interface LayerFacts {
  /** Bytes as Docker counts them. */
  readonly size: number;
  readonly whiteouts: Whiteouts;
  readonly hasXattrs: boolean;
}

/** An inner layer whose folder is on the shelf. */
export class ShelvedLayer {
  readonly diffId: DiffId;
  /** Numbers of the outer layers that have visible files of it. */
  readonly outers = new Set<number>();
  check: LayerCheck | undefined;
  /** `unproven`: the image has neither a record of the layer's tar nor its blob. */
  result: LayerResult | "unproven" | "cut off" | undefined;
  /** Undefined for an unproven layer. */
  facts: LayerFacts | undefined;
  /** By the files that are there. */
  size = 0;
  #bytes = 0;
  #inodes = 0;

  constructor(diffId: DiffId) {
    this.diffId = diffId;
  }

  /** Counts as {@link ../../files/usage.ts} does. */
  count({ kind, size, linkName }: TarEntry, outer: number): void {
    this.outers.add(outer);
    if (kind === "hard link") return;
    this.#inodes += 1;
    const length = kind === "symbolic link" ? linkName.length : size;
    if (kind === "directory") this.#bytes += block;
    else this.size += length;
    if (kind === "file" || length >= shortLink) this.#bytes += Math.ceil(length / block) * block;
  }

  get usage(): Usage {
    return { bytes: this.#bytes, inodes: this.#inodes };
  }

  describe({ size, whiteouts, hasXattrs }: ExpectedTree): void {
    this.facts = { size, whiteouts, hasXattrs };
  }
}

const block = 4096;
const shortLink = 60;
