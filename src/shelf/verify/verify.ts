/** Checks a whole system image: the inner layers, the catalogs, and what the image says of them. */
import { compare } from "../../files/bytes.js";
import type { DiffId } from "../../image/digest.js";
import { familiarReference } from "../../image/reference.js";
import { type StoreName, storeNames } from "../../stores/table.js";
import { onShelf, shelf } from "../paths.js";
import { type Preload, parsePreload } from "../preload-file.js";
import type { CatalogCheck, CheckedCatalog } from "./catalog-check.js";
import { checkConfigClaims } from "./check-config.js";
import { checkContainerd } from "./check-containerd.js";
import { checkOverlay2 } from "./check-overlay2.js";
import { checkPodman } from "./check-podman.js";
import { checkPrograms, type Programs } from "./check-programs.js";
import { checkShelfFiles } from "./check-shelf-files.js";
import { type Fault, Findings, type Note } from "./findings.js";
import type { ImageToVerify } from "./image-to-verify.js";
import type { ShelfContents } from "./shelf-contents.js";
import { type OnOuterLayer, ShelfReader } from "./shelf-reader.js";
import { Spool } from "./spool.js";

export interface Verification {
  /** By outer layer and path. */
  readonly faults: readonly Fault[];
  readonly notes: readonly Note[];
  /** The images of `preload.json`, as Docker shows their names. */
  readonly images: readonly string[];
  readonly layers: {
    readonly total: number;
    /** Their files give the diffID. */
    readonly proven: number;
  };
}

/** @param image A system image, see {@link isSystemImage}. */
export async function verifyImage(
  image: ImageToVerify,
  programs: Programs,
  onLayer: OnOuterLayer = () => {},
): Promise<Verification> {
  const findings = new Findings();
  const contents = await readShelf(image, findings, onLayer);
  const preload = readPreload(contents, findings);
  const catalogs = await checkCatalogs(contents, preload, findings);
  checkShelfFiles(contents, [...catalogs.keys()], findings);
  checkLayers(contents, preload, catalogs, findings);
  checkPrograms(contents, programs, findings);
  checkConfigClaims(image.config, contents, findings);
  const named = imagesByLayer(preload);
  const layers = [...contents.layers.values()];
  return {
    faults: arrange(findings.faults, named),
    notes: arrange(findings.notes, named),
    images: [...new Set(preload.images.map(({ reference }) => familiarReference(reference)))],
    layers: { total: layers.length, proven: layers.filter(({ result }) => result === "proven").length },
  };
}

async function readShelf(
  image: ImageToVerify,
  findings: Findings,
  onLayer: OnOuterLayer,
): Promise<ShelfContents> {
  const spool = new Spool();
  try {
    const reader = new ShelfReader(image, findings, spool, onLayer);
    await reader.read();
    return reader;
  } finally {
    await spool.close();
  }
}

function readPreload({ files }: ShelfContents, findings: Findings): Preload {
  const path = `${shelf}/${onShelf.preload}`;
  const file = files.get(path);
  const where = { outer: file?.outer, path: `/${path}` };
  try {
    if (file?.content) return parsePreload(file.content.toString("utf8"), storeNames);
    findings.fault(where, "is missing, should list the inner images");
  } catch (error) {
    findings.fault(where, (error as Error).message);
  }
  return { version: 1, images: [] };
}

const checks: Readonly<Record<StoreName, (check: CatalogCheck) => Promise<CheckedCatalog>>> = {
  overlay2: checkOverlay2,
  containerd: checkContainerd,
  podman: checkPodman,
};

/** @returns the catalogs that are there. */
async function checkCatalogs(
  contents: ShelfContents,
  preload: Preload,
  findings: Findings,
): Promise<Map<StoreName, CheckedCatalog>> {
  const found = new Map<StoreName, CheckedCatalog>();
  for (const store of storeNames) {
    const folder = `${shelf}/${onShelf.catalog(store)}`;
    const file = contents.files.get(`${folder}/catalog.json`);
    const images = preload.images.filter((image) => image.store === store);
    const where = { outer: file?.outer, path: `/${folder}/catalog.json` };
    if (!contents.files.has(folder)) {
      if (images.length > 0) findings.fault(where, "is missing, should describe the images of preload.json");
      continue;
    }
    if (images.length === 0)
      findings.fault(where, "is there, should not be: preload.json has no image in this store");
    try {
      found.set(store, await checks[store]({ contents, images, findings }));
    } catch (error) {
      findings.fault(where, `has not the form of a catalog: ${(error as Error).message}`);
      found.set(store, { diffIds: new Set() });
    }
  }
  return found;
}

/** Layers that are missing, that nobody needs, or that nothing proves. */
function checkLayers(
  { layers }: ShelfContents,
  { images }: Preload,
  catalogs: ReadonlyMap<StoreName, CheckedCatalog>,
  findings: Findings,
): void {
  const listed = images.flatMap(({ diffIds }) => diffIds);
  const needed = new Set([...listed, ...[...catalogs.values()].flatMap(({ diffIds }) => [...diffIds])]);
  for (const diffId of needed) {
    if (layers.has(diffId)) continue;
    findings.fault(
      { layer: diffId, path: `/${shelf}/layers/${diffId.replace("sha256:", "")}` },
      "is missing, should hold the layer",
    );
  }
  for (const { diffId, outers, result } of layers.values()) {
    const where = { outer: [...outers][0], layer: diffId, path: `/${shelf}/${onShelf.layer(diffId)}` };
    if (!needed.has(diffId)) findings.fault(where, "belongs to no image, should not be there");
    if (result !== "unproven") continue;
    findings.note(
      where,
      "cannot be proven: the image has neither Docker's record of the layer's tar nor its blob (--blobs=never)",
    );
  }
}

function imagesByLayer({ images }: Preload): ReadonlyMap<DiffId, readonly string[]> {
  const named = new Map<DiffId, string[]>();
  for (const { reference, diffIds } of images) {
    const { digest: _, ...short } = reference;
    const name = familiarReference(reference.tag === undefined ? reference : short);
    for (const diffId of diffIds) named.set(diffId, [...new Set([...(named.get(diffId) ?? []), name])]);
  }
  return named;
}

function arrange(faults: readonly Fault[], named: ReadonlyMap<DiffId, readonly string[]>): Fault[] {
  const order = ({ outer = Number.MAX_SAFE_INTEGER }: Fault): number => outer;
  return faults
    .map((fault) => {
      const images = fault.layer === undefined ? undefined : named.get(fault.layer);
      return images ? { ...fault, images } : fault;
    })
    .sort((a, b) => order(a) - order(b) || compare(a.path ?? "", b.path ?? ""));
}
