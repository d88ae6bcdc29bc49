/** The files of the catalog's outer layer: those for all layers together, and the programs that run in the container. */
import type { DaemonName } from "../../daemons.js";
import type { InnerImage } from "../../image/inner-image.js";
import { CatalogFiles } from "../../shelf/catalog-files.js";
import { onShelf, shelf } from "../../shelf/paths.js";
import { formatPreload, mergePreload, type Preload } from "../../shelf/preload-file.js";
import type { LoadedImage } from "../../stores/store.js";
import { type StoreName, stores } from "../../stores/table.js";
import { addInitSetting } from "../install/init-script.js";
import { addAttach } from "../install/programs.js";
import { addShim, daemonShim, embeddingShims } from "../install/shims.js";
import { addDropIn, addEmbeddingDropIns } from "../install/systemd.js";
import { type StoreAnswer, storeAnswer } from "../job.js";
import { formatAnswer } from "./answer.js";
import type { DescribedStore } from "./described-store.js";

export interface CatalogContent {
  readonly stage: string;
  /** The stage's environment (`NAME=value`). */
  readonly env: readonly string[];
  /** The images as the job names them. */
  readonly named: readonly InnerImage[];
  readonly images: readonly LoadedImage[];
  /** The one that the container manager uses comes first. */
  readonly described: readonly DescribedStore[];
  readonly manager: StoreAnswer["manager"];
  /** The stage has no manager yet. */
  readonly comesLater?: boolean;
  /** The store that a Docker chooses at its start depends on this version. */
  readonly dockerVersion?: string | undefined;
  /** Root of a containerd that PRELOAD names. */
  readonly root?: string | undefined;
  readonly earlier: Preload;
}

export async function catalogFiles(content: CatalogContent): Promise<CatalogFiles> {
  const { stage, env, named, images, described, dockerVersion, root, comesLater } = content;
  const files = new CatalogFiles();
  await addAttach(files);
  for (const { daemon, isNeeded } of attachedDaemons(content)) {
    const shim = await addShim(files, stage, env, daemonShim(daemon, isNeeded && comesLater));
    await addDropIn(files, stage, daemon, isNeeded && comesLater);
    if (shim !== undefined && daemon === "dockerd") await addInitSetting(files, stage, shim);
  }
  if (root !== undefined) {
    for (const shim of embeddingShims(root)) await addShim(files, stage, env, shim);
    await addEmbeddingDropIns(files, stage, root);
  }
  const preload = described.reduce(
    (merged, { store, namespace }) =>
      mergePreload(merged, asListed(store, named), { store, ...(namespace !== undefined && { namespace }) }),
    content.earlier,
  );
  files.addFile(`${shelf}/${onShelf.preload}`, formatPreload(preload));
  files.addFile(storeAnswer, formatAnswer(described, images, `${stage}/${shelf}`, content.manager));
  if (dockerVersion !== undefined) files.addFile(`${shelf}/${onShelf.dockerVersion}`, `${dockerVersion}\n`);
  for (const { store, catalog } of described)
    files.add(`${shelf}/${onShelf.catalog(store)}`, await catalog());
  return files;
}

/** The graph driver may list an image by another digest than that of its documents. */
function asListed(store: StoreName, images: readonly InnerImage[]): readonly InnerImage[] {
  if (store !== "overlay2") return images;
  return images.map((image) => {
    const { reference, repoDigest } = image;
    return repoDigest ? { ...image, reference: { ...reference, digest: repoDigest } } : image;
  });
}

interface AttachedDaemon {
  readonly daemon: DaemonName;
  /** One that comes after PRELOAD is awaited. */
  readonly isNeeded: boolean;
}

/** The stores' daemons that the stage may have. */
function attachedDaemons({ manager, described }: CatalogContent): AttachedDaemon[] {
  const daemons = new Set(described.flatMap(({ store }): readonly DaemonName[] => stores[store].daemons));
  const others = new Set(described.flatMap(({ store }): readonly DaemonName[] => stores[store].alsoUsedBy));
  return [
    ...[...daemons].map((daemon) => ({ daemon, isNeeded: true })),
    ...[...others].map((daemon) => ({ daemon, isNeeded: false })),
  ].filter(({ daemon }) => manager === "docker" || daemon !== "dockerd");
}
