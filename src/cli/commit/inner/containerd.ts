/** A containerd without Docker in the container, by its own client. */
import { LarderError } from "../../../error.js";
import { type Digest, isDigest } from "../../../image/digest.js";
import { parseReference, type Reference, repositoryName } from "../../../image/reference.js";
import type { LayoutFolder } from "../files/layout-folder.js";
import { type Blobs, completeImage } from "./complete-image.js";
import { patiently, type Shell, whySilent } from "./exec.js";
import type { ListedImage, Listing, Manager, Taken, TakenImage, TakeRequest } from "./manager.js";

/** @throws LarderError for a containerd that does not answer. */
export async function openContainerd(
  shell: Shell,
  socket: string,
  dataRoots: readonly string[],
): Promise<Manager> {
  const ctr = (...args: string[]) => ["ctr", "--address", socket, ...args];
  const answer = await shell.try(patiently(ctr("namespaces", "ls", "--quiet")));
  if (answer.status !== 0) {
    const reason = whySilent(answer);
    throw new LarderError(
      `the containerd in the container does not answer: ${reason}; see its log, and start it again`,
    );
  }
  const namespaces = answer.stdout.split("\n").filter(Boolean).sort();
  return {
    name: "containerd",
    store: "containerd",
    dataRoots,
    list: () => listImages(shell, ctr, namespaces),
    take: (request) => takeImages(shell, ctr, request),
  };
}

type Client = (...args: string[]) => string[];

async function listImages(shell: Shell, ctr: Client, namespaces: readonly string[]): Promise<Listing> {
  const images: ListedImage[] = [];
  const unnamed: string[] = [];
  for (const namespace of namespaces) {
    const table = (await shell.output(ctr("--namespace", namespace, "images", "ls"))).toString("utf8");
    const named = readTable(table);
    images.push(...namesOf(named).map((image) => ({ ...image, namespace })));
    unnamed.push(...withoutNames(named));
  }
  return { images, unnamed };
}

interface Row {
  readonly name: string;
  readonly target: Digest;
}

/** `REF TYPE DIGEST SIZE ...`, with blanks between. */
export function readTable(table: string): Row[] {
  return table.split("\n").flatMap((line) => {
    const [name = "", , target] = line.split(/\s+/);
    return isDigest(target) ? [{ name, target }] : [];
  });
}

/**
 * CRI gives an image three names: by tag, by digest and by ID. PRELOAD gives them again, so the tag is enough, and without
 * one the digest.
 */
export function namesOf(rows: readonly Row[]): Omit<ListedImage, "namespace">[] {
  const named = rows.flatMap(({ name, target }) => {
    const reference = isDigest(name) ? undefined : tryParse(name);
    return reference ? [{ reference, target }] : [];
  });
  const tagged = new Set(
    named.flatMap(({ reference, target }) =>
      reference.tag === undefined ? [] : [`${repositoryName(reference)} ${target}`],
    ),
  );
  return named.filter(
    ({ reference, target }) =>
      reference.tag !== undefined || !tagged.has(`${repositoryName(reference)} ${target}`),
  );
}

/** Rows whose image has no name that PRELOAD could give it. */
function withoutNames(rows: readonly Row[]): string[] {
  const named = new Set(
    rows.flatMap(({ name, target }) => (!isDigest(name) && tryParse(name) ? [target] : [])),
  );
  return [...new Set(rows.filter(({ target }) => !named.has(target)).map(({ name }) => name))];
}

/** containerd takes any text for a name. */
function tryParse(name: string): Reference | undefined {
  try {
    return parseReference(name);
  } catch {
    return undefined;
  }
}

async function takeImages(shell: Shell, ctr: Client, request: TakeRequest): Promise<Taken> {
  const { targets, layout, shelf, platform } = request;
  const taken = new Map<Digest, TakenImage | string>();
  for (const { target, namespace = "" } of targets) {
    const content = (...args: string[]) => ctr("--namespace", namespace, "content", ...args);
    const blobs = await blobsOf(shell, content, layout);
    const found = await completeImage(target, blobs, shelf, platform);
    taken.set(target, found);
    if (typeof found === "string") continue;
    for (const digest of found.blobs) {
      if ((await layout.size(digest)) !== undefined) continue;
      await layout.add(await shell.stream(content("get", digest)), digest);
    }
  }
  return taken;
}

async function blobsOf(shell: Shell, content: Client, layout: LayoutFolder): Promise<Blobs> {
  const listed = (await shell.output(content("ls", "--quiet"))).toString("utf8");
  const present = new Set(listed.split("\n").filter(isDigest));
  return {
    has: async (digest) => present.has(digest),
    read: async (digest) => {
      if (!present.has(digest)) return undefined;
      if ((await layout.size(digest)) === undefined)
        await layout.add(await shell.stream(content("get", digest)), digest);
      return layout.read(digest);
    },
  };
}
