import type { TarEntry } from "../../files/tar-entry.js";
import { showPath } from "../whiteouts.js";
import type { LayerFile } from "./expected-tree.js";

/** The facts of an entry that differ from the file that it should be, each as "<found>, should be <expected>". */
export function differences(found: TarEntry, expected: LayerFile): string[] {
  const kind = found.kind === "hard link" ? expected.kind : found.kind;
  const wanted = expected.kind === "sparse file" ? "file" : expected.kind;
  if (kind !== wanted && kind !== expected.kind) return [`is a ${found.kind}, should be a ${wanted}`];
  const texts: string[] = [];
  const compare = <T>(name: string, is: T, should: T | undefined, show: (value: T) => string): void => {
    if (should !== undefined && is !== should) texts.push(`${name} ${show(is)}, should be ${show(should)}`);
  };
  // Linux gives each symbolic link the mode 0777.
  if (wanted !== "symbolic link") compare("mode", found.mode, expected.mode, showMode);
  compare("owner", ownerOf(found), ownerOf(expected), String);
  if (!isClamped(found.mtime, expected.mtime)) compare("time", found.mtime, expected.mtime, showTime);
  if (found.kind !== "hard link") {
    if (wanted === "file") compare("size", found.size, expected.size, (size) => `${size} bytes`);
    if (wanted === "symbolic link") compare("link to", found.linkName, expected.linkName, showPath);
    if (wanted.endsWith("device")) compare("device", deviceOf(found), deviceOf(expected), String);
    if (wanted === "file" && found.capability !== expected.capability) {
      const [is, should] = [found.capability, expected.capability].map(showCapability);
      texts.push(`capability ${is}, should be ${should}`);
    }
  }
  return texts;
}

type Owned = Pick<TarEntry, "uid" | "gid">;

/** An id that the layer's header cannot hold is whatever the unpacker made of it. */
function ownerOf({ uid, gid }: Owned): string | undefined {
  return uid === undefined || gid === undefined ? undefined : `${uid}:${gid}`;
}

/** Docker and containerd set a time before 1970 to 1970. */
function isClamped(found: number | undefined, expected: number | undefined): boolean {
  return expected !== undefined && expected < 0 && found === 0;
}

function deviceOf({ major, minor }: Pick<TarEntry, "major" | "minor">): string {
  return `${major}:${minor}`;
}

function showMode(mode: number | undefined): string {
  return (mode ?? 0).toString(8).padStart(4, "0");
}

function showTime(seconds: number | undefined): string {
  const time = new Date((seconds ?? 0) * 1000);
  return Number.isNaN(time.getTime()) ? `${seconds} s` : time.toISOString().replace(".000Z", "Z");
}

function showCapability(value: string | undefined): string {
  return value === undefined ? "none" : Buffer.from(value, "latin1").toString("hex");
}
