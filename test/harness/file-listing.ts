import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { extract, type Header } from "tar-stream";
import { docker, dockerHost, type EngineOptions } from "./docker.js";
import { lab } from "./lab.js";
import type { SystemContainer } from "./system-container.js";

/** Maps paths without a slash at either end to descriptions of their files. Bytes that are not UTF-8 show as U+FFFD. */
export type FileListing = ReadonlyMap<string, string>;

/** Files that Docker adds to each container, with the time of that. */
const dockersOwn = /^(\.dockerenv|dev\/.*|etc\/(hostname|hosts|resolv\.conf|mtab))$/;
const touchedByDocker = new Set(["", "dev", "dev/pts", "dev/shm", "etc", "proc", "sys"]);

interface Listed {
  readonly words: string;
  readonly linkTo?: string;
}

export interface Place extends Pick<EngineOptions, "engine"> {
  /** The inner Docker of this container runs the image, instead of the engine. */
  readonly inside?: SystemContainer;
}

/**
 * Lists the files of a container of an image: kind, mode, owner, time, size, hash, `security.capability`, target of a
 * symbolic link, and all names of a file with hard links.
 *
 * Times are in seconds: `docker export` and the layers that BuildKit writes have no fractions.
 */
export async function listImage(image: string, { engine, inside }: Place = {}): Promise<FileListing> {
  const on = engine === undefined ? {} : { engine };
  const client = inside ? ["exec", inside.id, "docker"] : [];
  const container = (await docker([...client, "create", "--network", "none", image, "true"], on)).trim();
  try {
    return await listExport(lab.docker, [...client, "export", container], {
      DOCKER_HOST: dockerHost(engine),
    });
  } finally {
    await docker([...client, "rm", container], on);
  }
}

/** The same for an image that a containerd in the container has unpacked: the files of a container before it runs. */
export async function listUnpacked(
  container: SystemContainer,
  namespace: string,
  image: string,
  engine?: EngineOptions["engine"],
): Promise<FileListing> {
  const directory = (await container.exec("mktemp", "--directory")).trim();
  await container.ctr(namespace, "images", "mount", image, directory);
  try {
    return await listDirectory(container, directory, engine);
  } finally {
    await container.ctr(namespace, "images", "unmount", "--rm", directory);
  }
}

/** The same for a directory in the container. */
export function listDirectory(
  container: SystemContainer,
  directory: string,
  engine?: EngineOptions["engine"],
): Promise<FileListing> {
  const tar = ["tar", "--format=pax", "--xattrs", "--xattrs-include=security.capability", "--numeric-owner"];
  const args = ["exec", container.id, ...tar, "-C", directory, "-cf", "-", "."];
  return listExport(lab.docker, args, { DOCKER_HOST: dockerHost(engine) });
}

async function listExport(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<FileListing> {
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const listed = new Map<string, Listed>();
  const archive = extract();
  const reading = (async () => {
    for await (const entry of archive) {
      const hash = createHash("sha256");
      for await (const chunk of entry) hash.update(chunk as Buffer);
      const path = entry.header.name.replace(/^(\.?\/)+|\/+$/g, "").replace(/^\.$/, "");
      if (!dockersOwn.test(path)) listed.set(path, describe(path, entry.header, hash.digest("hex")));
    }
  })();
  const [status, errors] = await Promise.all([
    ended,
    text(child.stderr),
    pipeline(child.stdout, archive),
    reading,
  ]);
  if (status !== 0) throw new Error(`${[program, ...args].join(" ")}: exit status ${status}\n${errors}`);
  return joinHardLinks(listed);
}

function describe(path: string, header: Header, hash: string): Listed {
  const { type, mode, mtime, size, linkname, devmajor, devminor } = header;
  const pax = (header.pax ?? {}) as Readonly<Record<string, string>>;
  const capability = pax["SCHILY.xattr.security.capability"];
  const words = [
    type,
    // Docker 20.10 adds the kind of file to the mode.
    ((mode ?? 0) & 0o7777).toString(8).padStart(4, "0"),
    // Large numbers are only in the extended header.
    `${pax.uid ?? header.uid}:${pax.gid ?? header.gid}`,
    ...(touchedByDocker.has(path) ? [] : [wholeSeconds(pax.mtime, mtime)]),
    ...(type === "file" ? [`${size} bytes`, hash] : []),
    ...(type === "symlink" ? [`-> ${JSON.stringify(linkname)}`] : []),
    ...(type?.endsWith("device") ? [`${devmajor}:${devminor}`] : []),
    ...(capability ? [`capability ${Buffer.from(capability).toString("hex")}`] : []),
  ].join(" ");
  return type === "link" && linkname ? { words, linkTo: linkname.replace(/^(\.?\/)+/, "") } : { words };
}

/** Times with fractions and times before 1970 are only in the extended header. */
function wholeSeconds(extended: string | undefined, plain: Date | undefined): string | undefined {
  return extended === undefined
    ? plain?.toISOString()
    : new Date(Math.floor(Number(extended)) * 1000).toISOString();
}

/** All names of a file get the description of the first one, and the list of names. */
function joinHardLinks(listed: ReadonlyMap<string, Listed>): FileListing {
  const groups = new Map<string, string[]>();
  for (const [path, { linkTo }] of listed) {
    if (linkTo !== undefined) groups.set(linkTo, [...(groups.get(linkTo) ?? [linkTo]), path]);
  }
  const words = (path: string): string => {
    const { linkTo, words } = listed.get(path) ?? { words: "missing" };
    const group = groups.get(linkTo ?? path);
    if (group === undefined) return words;
    return `${listed.get(linkTo ?? path)?.words ?? "missing"}, names ${JSON.stringify([...group].sort())}`;
  };
  return new Map([...listed.keys()].sort().map((path) => [path, words(path)]));
}

/** One line for each path that differs between the two sides. */
export function differences(actual: FileListing, expected: FileListing): string[] {
  const paths = [...new Set([...expected.keys(), ...actual.keys()])].sort();
  return paths
    .filter((path) => actual.get(path) !== expected.get(path))
    .map(
      (path) =>
        `${JSON.stringify(path)}: is ${actual.get(path) ?? "absent"}, should be ${expected.get(path) ?? "absent"}`,
    );
}
