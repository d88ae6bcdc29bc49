/** Helpers for the specs of this folder. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { gunzipSync } from "node:zlib";
import { type ByteString, compare, fromBytes, toBytes } from "../../files/bytes.js";
import type { InnerImage } from "../../image/inner-image.js";
import { blobFile } from "../../image/oci-layout.js";
import { type PackAnswer, type PackJob, packAnswer } from "../job.js";
import { readManifest } from "../layout-image.js";
import { type PackPlaces, pack } from "./pack.js";
import { endOfTar, formatHeader } from "./tar-header.js";

export function makeWork(): string {
  return mkdtempSync(`${tmpdir()}/larder-pack-`);
}

/** Runs commands in a directory, which is made if necessary. */
export function shell(directory: string, script: string): void {
  execFileSync("sh", ["-c", `mkdir -p "$0" && cd "$0" && umask 022 && set -e\n${script}`, directory]);
}

/** cap_setuid and some more. Its bytes are no UTF-8, and one of them is a newline. */
export const capability = Buffer.from(`01000002800a0000${"0".repeat(24)}`, "hex");

/** A file with a capability. GNU tar sets it, since other programs may be missing. */
export function makeCapable(directory: string, name: string, value: Buffer = capability): void {
  const header = { name, type: "file", mode: 0o755n, uid: 0n, gid: 0n, mtime: 7n } as const;
  const input = Buffer.concat([formatHeader({ ...header, capability: value }), endOfTar]);
  execFileSync("tar", ["--xattrs", "--xattrs-include=*", "-C", directory, "-xf", "-"], { input });
}

export function placesIn(work: string): PackPlaces {
  return {
    layout: `${work}/layout`,
    configFile: `${work}/config.json`,
    input: () => `${work}/base`,
    packTree: (i) => `${work}/tree${i}`,
  };
}

/** Packs `tree0`, `tree1`, ... of a folder. */
export async function packIn(work: string, job: Partial<PackJob> & { trees: number }): Promise<InnerImage> {
  rmSync(`${work}/layout`, { recursive: true, force: true });
  const places = placesIn(work);
  const reference = { domain: "example.com", path: "app", tag: "1" };
  const platform = { os: "linux", architecture: "amd64" };
  await pack({ kind: "pack", reference, platform, ...job }, places, () => {});
  return (JSON.parse(readFileSync(`${places.layout}/${packAnswer}`, "utf8")) as PackAnswer).image;
}

/** The tars of an image's layers. */
export async function layersOf(layout: string, image: InnerImage): Promise<Buffer[]> {
  const { manifest } = await readManifest(layout, image);
  return manifest.layers.map(({ digest }) => gunzipSync(readFileSync(blobFile(layout, digest))));
}

/** Names of a tar's entries. Directories end with a slash. */
export function listNames(tar: Buffer): ByteString[] {
  return [...entriesOf(tar)].map(({ name, isDirectory }) => (isDirectory ? `${name}/` : name));
}

/** Unpacks layers one upon the other, like a container manager. */
export function unpackLayers(layers: readonly Buffer[], to: string): void {
  shell(to, "");
  for (const layer of layers) {
    for (const { name, isDirectory } of entriesOf(layer)) {
      const base = name.lastIndexOf("/") + 1;
      const isWhiteout = name.startsWith(".wh.", base);
      const target = `${to}/${isWhiteout ? name.slice(0, base) + name.slice(base + 4) : name}`;
      const found = lstatSync(toBytes(target), { throwIfNoEntry: false });
      if (isWhiteout && !found) throw new Error(`${name} deletes what is not there`);
      if (found && !(isDirectory && found.isDirectory())) rmSync(toBytes(target), { recursive: true });
    }
    const options = ["--delay-directory-restore", "--xattrs", "--xattrs-include=*", "--same-owner", "-p"];
    const whiteouts = ["--anchored", "--exclude=.wh.*", "--no-anchored", "--exclude=*/.wh.*"];
    execFileSync("tar", [...options, ...whiteouts, "--numeric-owner", "-C", to, "-xf", "-"], {
      input: layer,
      stdio: "pipe",
    });
  }
}

/** A separate reader: a test must not rely on the code that it tests. */
function* entriesOf(tar: Buffer): Generator<{ name: ByteString; isDirectory: boolean }> {
  let long: ByteString | undefined;
  for (let start = 0; tar[start] !== 0; ) {
    const field = (offset: number, length: number): string =>
      tar.toString("latin1", start + offset, start + offset + length).replace(/\0.*$/s, "");
    const size = Number.parseInt(field(124, 12), 8);
    if (field(156, 1) === "x") {
      long = /(?:^|\n)\d+ path=(.*)\n/s.exec(tar.toString("latin1", start + 512, start + 512 + size))?.[1];
    } else {
      yield { name: (long ?? field(0, 100)).replace(/\/$/, ""), isDirectory: field(156, 1) === "5" };
      long = undefined;
    }
    start += 512 + Math.ceil(size / 512) * 512;
  }
}

/** Lines with all facts of a tree, except the hard links and the times of directories. */
export function describeTree(root: string): string[] {
  const lines: string[] = [];
  const visit = (prefix: ByteString): void => {
    const names = readdirSync(toBytes(`${root}/${prefix}`), { encoding: "buffer" }) as unknown as Buffer[];
    for (const name of names.map((bytes) => fromBytes(bytes)).sort(compare)) {
      const path = prefix + name;
      const file = toBytes(`${root}/${path}`);
      const stat = lstatSync(file);
      lines.push(
        [
          JSON.stringify(path),
          `${stat.mode.toString(8)} ${stat.uid}:${stat.gid} ${stat.rdev}`,
          ...(stat.isDirectory() ? [] : [Math.floor(stat.mtimeMs / 1000)]),
          ...(stat.isFile() ? [createHash("sha256").update(readFileSync(file)).digest("hex")] : []),
          ...(stat.isSymbolicLink() ? [JSON.stringify(readlinkSync(file, "latin1"))] : []),
        ].join(" "),
      );
      if (stat.isDirectory()) visit(`${path}/`);
    }
  };
  visit("");
  return lines;
}
