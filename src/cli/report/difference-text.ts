/** What `larder diff` prints. */
import { formatSize } from "../output/sizes.js";
import { formatTable } from "../output/table.js";
import type { Change, Difference, LayerChange } from "./difference.js";
import { describeHeld } from "./holders.js";
import { formatTotal, shortDigest } from "./text.js";

const changes: Readonly<Record<Change, string>> = {
  same: "the same",
  added: "added",
  removed: "removed",
  changed: "changed",
  unknown: "not known: say --catalog",
};

const steps: Readonly<Record<LayerChange, string>> = {
  kept: "kept",
  moved: "unpacked again",
  new: "new",
};

export function formatDifference(difference: Difference): string {
  const { from, to, inner, transfers } = difference;
  const head = `from ${from.outer.name}\nto   ${to.outer.name}\n`;
  const images =
    inner.length > 0
      ? formatTable(
          ["INNER IMAGE", "CHANGE", "FROM", "TO"],
          inner.map((one) => [one.name, changes[one.change], shown(one.from), shown(one.to)]),
        )
      : "no image is preloaded in either of them\n";
  const total =
    `An update transfers ${formatTotal(transfers.containerd)} to a host with containerd's store, ` +
    `and ${formatTotal(transfers.graphDriver)} to one with a graph driver.\n`;
  return [head, images, formatLayers(difference), total].join("\n");
}

function formatLayers({ from, to, layers, gone }: Difference): string {
  const rows = layers.map(({ layer, change }) => [
    String(layer.index + 1),
    shortDigest(layer.diffId),
    formatSize(layer.compressed),
    steps[change],
    describeHeld(to, layer),
  ]);
  const left = gone.map((layer) => [
    "",
    shortDigest(layer.diffId),
    formatSize(layer.compressed),
    "gone",
    describeHeld(from, layer),
  ]);
  return formatTable(
    ["", "LAYER", "COMPRESSED", "CHANGE", "HOLDS"],
    [...rows, ...left],
    ["right", "left", "right"],
  );
}

function shown(digest: string | undefined): string {
  return digest === undefined ? "-" : shortDigest(digest);
}
