/** The outer layers of a cut, by one of the two ways. */
import { cacheImports } from "../../gateway/options.js";
import type { Output } from "../../llb/state.js";
import { Fault } from "../directive/fault.js";
import { asLayout, blobFile } from "../images/image-source.js";
import type { SettledImage } from "../images/settled.js";
import { claimedLayers } from "../plan/history.js";
import { evaluateOutput } from "../result.js";
import type { BlobFile, Step } from "../steps/agent-step.js";
import { type CatalogInputs, describeImages } from "../steps/catalog.js";
import { stockImages } from "../steps/stock.js";
import { type PackedLayer, unpackLayers } from "../steps/unpack.js";
import { type PlannedCut, settleAll } from "./plan-cut.js";
import type { Planning } from "./planning.js";

export interface CutLayers {
  /** In the order of the plan's outer layers. */
  readonly layers: readonly Output[];
  readonly catalog: Output;
  readonly steps: readonly Step[];
}

/** The daemon way: the stage's own daemon takes layouts in. */
export async function layersByDaemon(planning: Planning, planned: PlannedCut): Promise<CutLayers> {
  const lacking = planned.taken.find(({ source }) => source?.kind === "layout" && source.shelved?.size);
  if (lacking) {
    const { name, asked } = lacking.image;
    const message = `image "${name}": its layout lacks layers, which a daemon needs; leave out --via=daemon`;
    throw new Fault(message, { lines: asked.lines });
  }
  // Layouts are fetched while the stage is built.
  const layouts = planned.taken.map(({ source }) => (source?.kind === "layout" ? source.layout : undefined));
  if (layouts.every((layout) => layout !== undefined)) return daemonSteps(planned, layouts);
  const images = await settled(planning, planned);
  return daemonSteps(
    planned,
    images.map(({ image, source, documents }) => asLayout(image.name, image, source, documents)),
  );
}

/** The direct way: each outer layer is a step of its own, and a last one describes the images. */
export async function layersDirectly(planning: Planning, planned: PlannedCut): Promise<CutLayers> {
  const { bridge, options } = planning.context;
  // The stage is built while the images' documents are read. Its failure is reported by the steps that need it. With a
  // cache from elsewhere, its files may not be needed at all.
  if (cacheImports(options).length === 0) evaluateOutput(bridge, planned.head.state).catch(() => {});
  return directSteps(planned, await settled(planning, planned));
}

/** The same with steps that cannot run, for a plan alone: they stand for those that come. */
export function draftLayers(planned: PlannedCut): CutLayers {
  return planned.plan.via === "daemon" ? daemonSteps(planned, []) : directSteps(planned, []);
}

/** The images with their documents, which are known already if they were needed before. */
export async function settled(planning: Planning, { taken }: PlannedCut): Promise<SettledImage[]> {
  return (await settleAll(planning, taken)).flatMap((one) => one ?? []);
}

function daemonSteps({ head, step, plan }: PlannedCut, layouts: readonly Output[]): CutLayers {
  const stocked = stockImages(step, plan, { stage: head.state, env: environmentOf(head), layouts });
  return { ...stocked, steps: [stocked.step] };
}

function environmentOf({ answer }: PlannedCut["head"]): readonly string[] {
  return answer.config.config?.Env ?? [];
}

/** @param settled none for a draft. */
function directSteps(planned: PlannedCut, settled: readonly SettledImage[]): CutLayers {
  const { head, step, plan } = planned;
  const unpacked =
    settled.length === 0
      ? []
      : groupsOf(planned).map((group) => {
          const layers = group.diffIds.map((diffId) => packedLayer(settled, diffId, group.isClaimed));
          const images = plan.images.filter(({ diffIds }) =>
            diffIds.some((one) => group.diffIds.includes(one)),
          );
          return { ...group, ...unpackLayers(step, layers, images, head.state) };
        });
  const needsFiles = plan.images.some(({ diffIds }) => diffIds.length >= manyLayers);
  const records = unpacked.map(({ diffIds, isClaimed, record, layer }): CatalogInputs["records"][number] => ({
    diffIds,
    isClaimed,
    record,
    ...((needsFiles || isClaimed) && { layer }),
  }));
  const described = describeImages(step, plan, {
    stage: head.state,
    env: environmentOf(head),
    documents: settled.flatMap(({ documents: { config, bytes, target } }) => [config, bytes, target]),
    records,
  });
  return {
    layers: unpacked.filter(({ isClaimed }) => !isClaimed).map(({ layer }) => layer),
    catalog: described.catalog,
    steps: [...unpacked.map((one) => one.step), described.step],
  };
}

/** Only images of so many layers may need copies of some of them (`real` in overlay2's catalog). */
const manyLayers = 50;

/** The outer layers, and the layers that the stage claims to have: these are unpacked to be compared. */
function groupsOf({ head, plan }: PlannedCut): { diffIds: readonly string[]; isClaimed: boolean }[] {
  const claimed = new Set(claimedLayers(head.answer.config).flat());
  const wanted = [...new Set(plan.images.flatMap(({ diffIds }) => diffIds))];
  return [
    ...plan.outerLayers.map(({ diffIds }) => ({ diffIds, isClaimed: false })),
    ...wanted
      .filter((diffId) => claimed.has(diffId))
      .map((diffId) => ({ diffIds: [diffId], isClaimed: true })),
  ];
}

function packedLayer(settled: readonly SettledImage[], diffId: string, isClaimed: boolean): PackedLayer {
  const one = settled.find(({ image }) => image.diffIds.includes(diffId));
  const position = one?.image.diffIds.indexOf(diffId) ?? -1;
  const layer = one?.documents.manifest.layers[position];
  if (!one || !layer) throw new Error(`its manifest has fewer layers than its config`);
  const { digest, mediaType } = layer;
  const blob = { diffId, digest, mediaType };
  if (isClaimed && isShelved(one, digest)) return { blob: { ...blob, isShelved: true }, file: undefined };
  return { blob, file: layerFile(one, digest, position) };
}

function isShelved({ source }: SettledImage, digest: string): boolean {
  return source.kind === "layout" && (source.shelved?.has(digest) ?? false);
}

/** The blob of a layer. @param position of the layer in the image, from 0. */
export function layerFile(settled: SettledImage, digest: string, position: number): BlobFile {
  const { image, source } = settled;
  if (isShelved(settled, digest)) {
    throw new Fault(
      `image "${image.name}": its layout lacks the layer ${digest}, which is not on the shelf of the stage either; ` +
        "copy the image again, with all of its layers",
      { lines: image.asked.lines },
    );
  }
  return blobFile(source, digest, `layer ${position + 1}/${image.diffIds.length}`);
}
