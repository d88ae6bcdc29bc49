import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { chainOf } from "../image/chain.js";
import { type DiffId, type Digest, hexOf, sha256 } from "../image/digest.js";
import { CatalogFiles } from "../shelf/catalog-files.js";
import type { ShelfEntry } from "../shelf/entry.js";
import { packWhiteouts } from "../shelf/whiteout-tar.js";
import { byteString, formatWhiteouts } from "../shelf/whiteouts.js";
import {
  type CatalogSnapshot,
  type ContainerdModel,
  mergeModels as mergeContainerdModels,
} from "../stores/containerd/model.js";
import { ContainerdRoot } from "../stores/containerd/root.js";
import { contentDirectory, databases } from "../stores/containerd/tree.js";
import { write } from "../stores/containerd/write.js";
import { cacheIdOf } from "../stores/overlay2/ids.js";
import { hides } from "../stores/overlay2/lowers.js";
import { type CatalogModel, emptyModel, formatModel, mergeModels } from "../stores/overlay2/model.js";
import { formatRepositories } from "../stores/overlay2/repositories.js";
import { imageEntry, layerEntries, realEntries, rootDirectories } from "../stores/overlay2/tree.js";
import { onlyAsRoot, skip } from "../testing.js";

export interface TestImage {
  readonly name: string;
  readonly diffIds: readonly DiffId[];
  /** Those of its layers that are real (overlay2). */
  readonly real?: readonly DiffId[];
}

/** Where one shell's tests run attach. */
export interface Bench {
  /** Its first word. */
  readonly shell: string;
  /** A directory for the test, made anew for each. */
  readonly work: string;
  /** The data root, not made yet. */
  readonly root: string;
  attach(env?: NodeJS.ProcessEnv, args?: readonly string[], shelf?: string): Attached;
  /** For another daemon than the suite's. */
  attachAs(daemon: string, args: readonly string[], env?: NodeJS.ProcessEnv): Attached;
  /** `attach --explain`. @param args from the daemon on. */
  explain(args: readonly string[], env?: NodeJS.ProcessEnv): Explained;
}

interface Attached {
  readonly code: number | null;
  readonly said: string;
}

export interface Explained extends Attached {
  /** Its lines, without the spaces behind their names: `data root: /var/lib/docker (the default), on ext4`. */
  readonly lines: readonly string[];
}

export const program = fileURLToPath(new URL("./attach", import.meta.url));
const shells: Readonly<Record<string, readonly [string, ...string[]]>> = {
  dash: ["dash"],
  bash: ["bash", "--posix"],
  busybox: ["busybox", "sh"],
};

/** Defines a suite for each shell; one that the machine lacks is skipped. */
export function eachShell(title: string, daemon: string, define: (bench: Bench) => void): void {
  for (const [name, [shell, ...options]] of Object.entries(shells)) {
    describe(`${title}, by ${name}`, function () {
      this.timeout(20_000);
      let work = "";
      let path = process.env.PATH;
      before(function () {
        onlyAsRoot(this);
        if (spawnSync(shell, ["-c", "true"]).error)
          skip(this, `this machine has no ${shell}; test/shells has it`);
      });
      beforeEach(() => {
        work = mkdtempSync(`${tmpdir()}/larder-attach-`);
        if (name !== "busybox") return;
        path = `${work}/applets`;
        mkdirSync(path);
        execFileSync("busybox", ["--install", "-s", path]);
      });
      afterEach(() => rmSync(work, { recursive: true }));
      const rootFlag = daemon === "dockerd" ? "data-root" : "root";
      const start = (args: readonly string[], env: NodeJS.ProcessEnv) =>
        spawnSync(whereIs(shell), [...options, program, ...args], {
          env: { PATH: path, ...env },
          encoding: "utf8",
        });
      const run = (name: string, args: readonly string[], env: NodeJS.ProcessEnv): Attached => {
        const { status, stderr } = start([name, ...args], env);
        return { code: status, said: stderr };
      };
      const explain = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Explained => {
        const own: NodeJS.ProcessEnv = { LARDER_SHELF: `${work}/shelf`, ...env };
        // Those of the bench stay behind the ones that the test puts first.
        if (env.PATH) own.PATH = `${env.PATH}:${path}`;
        const { status, stdout, stderr } = start(["--explain", ...args], own);
        const lines = stdout.split("\n").filter((line) => line !== "");
        return { code: status, said: stderr, lines: lines.map((line) => line.replace(/: +/, ": ")) };
      };
      define({
        shell,
        get work() {
          return work;
        },
        get root() {
          return `${work}/data root`;
        },
        attach: (env = {}, args = [`--${rootFlag}=${work}/data root`], shelf = "shelf") =>
          run(daemon, args, { LARDER_SHELF: `${work}/${shelf}`, ...env }),
        explain,
        attachAs: (other, args, env = {}) => run(other, args, { LARDER_SHELF: `${work}/shelf`, ...env }),
      });
    });
  }
}

export function whereIs(tool: string): string {
  return execFileSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" }).trim();
}

/** What every layer but the bottom one of a test image deletes. */
export const whiteouts = [byteString("deleted"), byteString("odd \u00e4\n/x")];

export function imageIdOf({ name, diffIds }: TestImage): Digest {
  return `sha256:${sha256(JSON.stringify([name, diffIds]))}`;
}

/** A shelf in a directory, as the stock step would make it, with one file in each layer. */
export async function writeShelf(shelf: string, images: readonly TestImage[]): Promise<void> {
  const model = images.map(modelOf).reduce(mergeModels, emptyModel);
  const files = new CatalogFiles();
  const catalog = "catalog/overlay2";
  for (const [chainId, layer] of Object.entries(model.layers)) {
    files.add(
      catalog,
      layerEntries(model, chainId, program).map((entry) => moveTo(shelf, entry)),
    );
    files.addFile(`layers/${hexOf(layer.diffId)}/fs/file`, layer.diffId);
    files.addFile(`layers/${hexOf(layer.diffId)}/whiteouts`, formatWhiteouts(whiteouts));
  }
  const real = Object.entries(model.layers).filter(([, layer]) => layer.real);
  for (const [chainId] of real) files.add(catalog, realEntries(chainId, whiteouts));
  files.add(catalog, rootDirectories());
  files.add(
    catalog,
    images.map((image) => imageEntry(imageIdOf(image), Buffer.from(image.name))),
  );
  files.addFile(`${catalog}/repositories.json`, formatRepositories(model.references));
  files.addFile(`${catalog}/images`, images.map(lineOf).sort().join(""));
  files.addFile(`${catalog}/id`, `${sha256(formatModel(model))}\n`);
  files.addFile("docker-version", "28.5.2\n");
  const hiding = Object.entries(model.layers).filter(([, layer]) => hides(layer) || layer.real);
  await mkdir(shelf, { recursive: true });
  await files.write(shelf);
  if (hiding.length === 0) return;
  const layers = hiding.map(([chainId, { real }]) => ({
    path: `${cacheIdOf(chainId)}/${real ? "diff" : "whiteouts"}`,
    whiteouts,
  }));
  await packWhiteouts(layers, `${shelf}/${catalog}/whiteouts.tar`);
}

/** The same for containerd: with databases that are not any, since only the daemon can write them. */
export async function writeContainerdShelf(shelf: string, images: readonly TestImage[]): Promise<void> {
  const root = `${shelf}-root`;
  const model = images
    .map((image, index) => containerdModelOf(image, 10 * index))
    .reduce(mergeContainerdModels);
  const content = `${root}/${contentDirectory}/blobs/sha256`;
  await mkdir(content, { recursive: true });
  for (const image of images) await writeFile(`${content}/${hexOf(imageIdOf(image))}`, image.name);
  for (const path of Object.values(databases)) {
    await mkdir(dirname(`${root}/${path}`), { recursive: true });
    await writeFile(`${root}/${path}`, path);
  }
  const diffIds = [...new Set(model.snapshots.map(({ diffId }) => diffId))];
  const containerd = new ContainerdRoot(root);
  const files = new CatalogFiles();
  const entries = await write(model, {
    database: (name) => containerd.database(name),
    blob: (digest) => containerd.blob(digest),
    layers: { whiteouts: async () => whiteouts },
    scratch: root,
  });
  files.add(
    "catalog/containerd",
    entries.map((entry) => moveTo(shelf, entry)),
  );
  for (const diffId of diffIds) {
    files.addFile(`layers/${hexOf(diffId)}/fs/file`, diffId);
    files.addFile(`layers/${hexOf(diffId)}/whiteouts`, formatWhiteouts(whiteouts));
    files.addFile(`blobs/sha256/${hexOf(blobOf(diffId))}`, `blob of ${diffId}`);
  }
  files.addFile("docker-version", "29.9.3\n");
  await files.write(shelf);
}

/** The digest of a layer's blob, here. */
export function blobOf(diffId: DiffId): Digest {
  return `sha256:${sha256(`blob ${diffId}`)}`;
}

function containerdModelOf(image: TestImage, firstId: number): ContainerdModel {
  const namespace = "moby";
  const imageId = imageIdOf(image);
  const snapshots = chainOf(image.diffIds).flatMap(
    ({ chainId, diffId, parent }, index): CatalogSnapshot[] => {
      const id = firstId + 2 * index + 1;
      const name = `larder-whiteouts-${chainId}`;
      const layer = {
        namespace,
        name: chainId,
        parent: parent ?? null,
        id,
        holds: "layer",
        diffId,
        xattrs: false,
      } as const;
      if (parent === undefined) return [layer];
      return [
        { namespace, name, parent, id: id + 1, holds: "whiteouts", diffId, xattrs: false },
        { ...layer, parent: name },
      ];
    },
  );
  const target = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: imageId, size: 1 };
  const chainId = chainOf(image.diffIds).at(-1)?.chainId ?? null;
  const labels = {};
  return mergeContainerdModels(
    {
      version: 1,
      images: [{ namespace, name: image.name, labels, target, chainId, metadata: [imageId] }],
      snapshots,
      blobs: [{ namespace, digest: imageId, size: image.name.length, labels, holds: "metadata" }],
    },
    {
      version: 1,
      images: [],
      snapshots: [],
      blobs: image.diffIds.map((diffId) => ({
        namespace,
        digest: blobOf(diffId),
        size: 1,
        labels,
        holds: "layer",
      })),
    },
  );
}

function modelOf(image: TestImage): CatalogModel {
  const layers = chainOf(image.diffIds).map(({ chainId, diffId, parent }) => {
    const layer = { diffId, parent: parent ?? null, size: 1, whiteouts: true, xattrs: false };
    return [chainId, image.real?.includes(diffId) ? { ...layer, real: true as const } : layer] as const;
  });
  return {
    ...emptyModel,
    layers: Object.fromEntries(layers),
    images: { [imageIdOf(image)]: chainOf(image.diffIds).at(-1)?.chainId ?? null },
    references: { [image.name]: imageIdOf(image) },
  };
}

function lineOf(image: TestImage): string {
  return `${hexOf(imageIdOf(image))} ${hexOf(chainOf(image.diffIds).at(-1)?.chainId ?? "")}\n`;
}

export function moveTo(shelf: string, entry: ShelfEntry): ShelfEntry {
  return entry.kind === "link" ? { ...entry, target: entry.target.replace("/usr/lib/larder", shelf) } : entry;
}
