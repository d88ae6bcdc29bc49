/** `larder commit`, step by step. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { LarderError } from "../../error.js";
import { formatPlatform, type Platform } from "../../image/platform.js";
import { formatReference, type Reference } from "../../image/reference.js";
import type { ShelvedImage } from "../../shelf/preload-file.js";
import { dockersNamespace } from "../../stores/containerd/labels.js";
import { connectEngine, type Engine } from "../images/engine.js";
import type { Progress } from "../output/progress.js";
import { type Choice, chooseImages, nameOf, type Wishes } from "./choose-images.js";
import { describeGiven, type Given } from "./describe-given.js";
import { type CommitOptions, ContainerFiles } from "./files/container-files.js";
import { LayoutFolder } from "./files/layout-folder.js";
import { shellIn } from "./inner/exec.js";
import { findManager, type ManagerName } from "./inner/find-manager.js";
import type { Manager } from "./inner/manager.js";
import { readShelf, type ShelfContent } from "./inner/shelf-content.js";
import { openContainer } from "./open-container.js";
import { runBuild } from "./run-build.js";
import { type WrittenImage, writeDockerfile } from "./write-dockerfile.js";

export interface CommitRequest extends CommitOptions, Wishes {
  readonly container: string;
  /** The name of the system image. */
  readonly image: Reference;
  readonly manager: ManagerName | undefined;
  readonly frontend: string;
  readonly pushes: boolean;
  readonly outputs: readonly string[];
}

export interface CommitResult {
  readonly image: string;
  /** Absent where an output of the build alone has the image. */
  readonly id?: string;
  readonly taken: readonly string[];
  /** Images that were on the shelf, and stay there. */
  readonly shelved: readonly string[];
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
}

/** @throws LarderError. Nothing is left behind then, neither images nor files. */
export async function commit(
  request: CommitRequest,
  progress: Progress,
  signal: AbortSignal,
): Promise<CommitResult> {
  const engine = await connectEngine();
  const { container, platform } = await openContainer(engine, request.container);
  const folder = await mkdtemp(join(tmpdir(), "larder-commit-"));
  const files = new ContainerFiles(engine, container);
  try {
    return await commitFrom({ request, engine, container, platform, folder, files, progress, signal });
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new LarderError("interrupted: nothing was committed", { cause: error });
  } finally {
    await files.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Work {
  readonly request: CommitRequest;
  readonly engine: Engine;
  readonly container: Docker.Container;
  readonly platform: Platform;
  /** For temporary files. */
  readonly folder: string;
  readonly files: ContainerFiles;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

async function commitFrom(work: Work): Promise<CommitResult> {
  const { request, container, folder, files, progress, signal } = work;
  progress.step(`looking for images in ${request.container}`);
  const shell = shellIn(container, signal);
  const manager = await findManager(shell, request.manager);
  const [listing, shelf] = await Promise.all([manager.list(), readShelf(shell)]);
  const choice = chooseImages(listing.images, shelf.images.filter(belongsTo(manager)), request);
  if (listing.images.length + shelf.images.length === 0)
    throw new LarderError(`nothing to commit: the ${manager.name} in ${request.container} has no images`);
  const given = await giveImages(work, manager, choice, shelf);
  const unnamed = listing.unnamed.map((name) => ({ name, reason: "it has no name: give it one to keep it" }));
  const leftOut = [...given.leftOut, ...(request.only.length > 0 ? [] : unnamed)];
  for (const { name, reason } of leftOut) progress.note(`left out ${name}: ${reason}`);
  for (const name of choice.returning)
    progress.note(
      `${name} stays: it is on the shelf of the container's image, whose layers the new image has`,
    );
  signal.throwIfAborted();
  progress.step("committing the container's files");
  const base = await files.commit(request, manager.dataRoots, folder, signal);
  signal.throwIfAborted();
  const id = await build(work, base, given.images);
  return {
    image: formatReference(request.image),
    ...(id !== undefined && { id }),
    taken: [...new Set(given.images.map(({ name }) => name))].sort(),
    shelved: [...new Set(choice.shelved.map(nameOf))].sort(),
    leftOut,
  };
}

function belongsTo({ name, store }: Manager): (image: ShelvedImage) => boolean {
  return (image) =>
    image.store === store &&
    (store === "overlay2" || (image.namespace === dockersNamespace) === (name === "docker"));
}

/** Puts the chosen images into the layout for the build. */
async function giveImages(
  { platform, folder, progress, signal }: Work,
  manager: Manager,
  { taken }: Choice,
  shelf: ShelfContent,
): Promise<Given> {
  const layout = await LayoutFolder.create(layoutIn(folder), signal);
  const [only, ...others] = taken;
  if (!only) return { entries: [], images: [], leftOut: [] };
  const what = others.length === 0 ? nameOf(only) : `${taken.length} images`;
  progress.step(`taking ${what} out of ${manager.name}`);
  const found = await manager.take({ targets: taken, layout, shelf, platform });
  const complete = [...found.values()].filter((one) => typeof one !== "string");
  await layout.keepOnly(new Set(complete.flatMap(({ blobs }) => blobs)));
  const given = describeGiven(taken, found);
  await layout.finish(given.entries);
  return given;
}

function layoutIn(folder: string): string {
  return join(folder, "layout");
}

/** @returns the image's ID, where the engine has the image. */
async function build(
  { request, engine, platform, folder, progress, signal }: Work,
  base: string,
  images: readonly WrittenImage[],
): Promise<string | undefined> {
  const { image, frontend, pushes, outputs } = request;
  progress.step(`building ${formatReference(image)} for ${formatPlatform(platform)}`);
  // A terminal shows the build's own progress.
  if (process.stderr.isTTY) progress.end();
  const context = join(folder, "context");
  await mkdir(context);
  await writeFile(join(context, "Dockerfile"), writeDockerfile({ name: base, platform }, images, frontend));
  const idFile = join(folder, "id");
  await runBuild({
    folder: context,
    layout: layoutIn(folder),
    tag: formatReference(image),
    pushes,
    outputs,
    idFile,
    signal,
  });
  if (outputs.length > 0) return undefined;
  const id = (await readFile(idFile, "utf8").catch(() => "")).trim();
  return id || (await engine.docker.getImage(formatReference(image)).inspect()).Id;
}
