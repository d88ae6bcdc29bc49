import { type ImageConfig, labelsOf, withLabels } from "../../image/config.js";
import { formatLabel, preloadLabel } from "../../shelf/label.js";
import { claimedLayers, planHistory } from "./history.js";
import type { BlobLayer, PreloadPlan } from "./plan.js";

/**
 * The config of the image at a cut. The stage's own ONBUILD triggers must not fire in the part below, so they are kept
 * instructions of that part.
 * @param config of the stage above.
 * @param epoch `SOURCE_DATE_EPOCH` in seconds: the time of the new history. Without it, the exporter sets the time.
 */
export function preloadedConfig(
  config: ImageConfig,
  plan: PreloadPlan,
  blobLayers: readonly BlobLayer[],
  epoch: number | undefined,
): ImageConfig {
  const { OnBuild: _, ...container } = config.config ?? {};
  const added = plan.outerLayers.flatMap(({ diffIds }) => diffIds);
  const layers = claimedLayers(config).flat().length + added.length;
  const labels = { ...labelsOf(config), [preloadLabel]: formatLabel(layers) };
  const created = epoch === undefined ? {} : { created: new Date(epoch * 1000).toISOString() };
  const own = planHistory(plan, blobLayers).map((entry) => ({ ...entry, ...created }));
  const history = [...(config.history ?? []), ...own];
  return withLabels({ ...config, config: container, history }, labels);
}
