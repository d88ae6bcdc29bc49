/** What `larder inspect` prints. */
import { formatPlatform } from "../../image/platform.js";
import { preloadLabel } from "../../shelf/label.js";
import type { SourceName } from "../images/outer-image.js";
import { formatSize } from "../output/sizes.js";
import { formatTable } from "../output/table.js";
import { describeHeld } from "./holders.js";
import { costsOf, describeCost, distinctLayers, type Total, totalOf } from "./sharing.js";
import { type InnerImageReport, type SystemImage, sumOf } from "./system-image.js";

export function formatReport(images: readonly SystemImage[]): string {
  const parts = images.map((image) => formatImage(image, images));
  if (images.length > 1) parts.push(formatShared(images));
  if (images.some(({ inner }) => inner.length > 0)) parts.push(formatCosts(images));
  return parts.join("\n");
}

const sourceNames: Readonly<Record<SourceName, string>> = {
  engine: "in the engine",
  registry: "in the registry",
  layout: "an OCI layout",
  archive: "a saved image",
};

function formatImage(image: SystemImage, all: readonly SystemImage[]): string {
  const { outer, inner, layers } = image;
  const { platform, platforms, source, digest } = outer;
  const several = platforms.length > 1 ? ` (of ${platforms.map(formatPlatform).join(", ")})` : "";
  const facts = [formatPlatform(platform) + several, sourceNames[source], ...(digest ? [digest] : [])];
  const head = `${outer.name}\n${facts.join(", ")}\n`;
  if (inner.length === 0) return `${head}no image is preloaded: ${whyNone(image)}\n`;
  const shelf = layers.filter(({ holds }) => holds).length;
  const sum = `${count(inner.length, "inner image")} in ${shelf} of ${count(layers.length, "layer")}\n`;
  return [head + sum, formatInner(inner), formatLayers(image, all), ...hints(image)].join("\n");
}

function whyNone({ outer }: SystemImage): string {
  const label = outer.config.config?.Labels?.[preloadLabel];
  if (!label) return `there is no label ${preloadLabel}`;
  return `the label ${preloadLabel} is there, but no layer of PRELOAD in the history; was the image squashed?`;
}

function formatInner(inner: readonly InnerImageReport[]): string {
  const rows = inner.map(({ name, details, layers }) => [
    name,
    details ? formatPlatform(details.platform) : "-",
    details ? shortDigest(details.digest) : "-",
    layers.length > 0 ? String(layers.length) : "-",
    formatSize(sumOf(layers.map(({ compressed }) => compressed))),
    formatSize(sumOf(layers.map(({ unpacked }) => unpacked))),
    details?.stores
      .map(({ store, namespace }) => (namespace ? `${store} (${namespace})` : store))
      .join(", ") ?? "-",
  ]);
  const head = ["INNER IMAGE", "PLATFORM", "DIGEST", "LAYERS", "COMPRESSED", "UNPACKED", "STORES"];
  return formatTable(head, rows, ["left", "left", "left", "right", "right", "right"]);
}

function formatLayers(image: SystemImage, all: readonly SystemImage[]): string {
  const sharers = distinctLayers(all, "content");
  const own = all.indexOf(image);
  const rows = image.layers.map((layer) => [
    String(layer.index + 1),
    shortDigest(layer.diffId),
    formatSize(layer.compressed),
    formatSize(layer.unpacked),
    describeHeld(image, layer),
    ...(all.length > 1 ? [othersOf(sharers.get(layer.diffId)?.images ?? [], own, all)] : []),
  ]);
  const sums = [totalOf(image.layers, "compressed"), totalOf(image.layers, "unpacked")].map(formatTotal);
  rows.push(["", "all layers", ...sums, ...(all.length > 1 ? ["", ""] : [""])]);
  const head = ["", "LAYER", "COMPRESSED", "UNPACKED", "HOLDS", ...(all.length > 1 ? ["SHARED WITH"] : [])];
  return formatTable(head, rows, ["right", "left", "right", "right"]);
}

function othersOf(sharers: readonly number[], own: number, all: readonly SystemImage[]): string {
  const others = sharers.filter((index) => index !== own);
  if (all.length > 2 && others.length === all.length - 1) return "all";
  return others.map((index) => all[index]?.outer.name ?? "").join(", ");
}

function hints({ outer, layers, knownFrom }: SystemImage): string[] {
  const lines: string[] = [];
  if (knownFrom === "config") {
    const catalog = layers.findLast(({ holds }) => holds?.kind === "catalog");
    lines.push(
      `Only the config was read. --catalog also reads the layer of the catalog (${formatSize(catalog?.compressed)}), which has digests, ` +
        "platforms, stores, and the sizes of unpacked files.",
    );
  }
  if (outer.source === "engine")
    lines.push("An engine does not tell the compressed sizes of layers; their registry does.");
  return lines.length > 0 ? [`${lines.join("\n")}\n`] : [];
}

function formatShared(images: readonly SystemImage[]): string {
  const shared = [...distinctLayers(images, "content").values()].filter((one) => one.images.length > 1);
  const layers = shared.map(({ layer }) => layer);
  const sizes = `${formatTotal(totalOf(layers, "compressed"))} compressed, ${formatTotal(totalOf(layers, "unpacked"))} unpacked`;
  return `The ${images.length} images have ${count(layers.length, "layer")} in common (${sizes}).\n`;
}

function formatCosts(images: readonly SystemImage[]): string {
  const rows = costsOf(images).map((cost) => [
    describeCost(cost),
    cost.unit,
    formatTotal(cost.shared),
    formatTotal(cost.apart),
  ]);
  return formatTable(["", "", "SHARED", "APART"], rows, ["left", "left", "right", "right"]);
}

/** A sum with unknown parts is more than what is known. */
export function formatTotal({ bytes, isComplete }: Total): string {
  if (isComplete) return formatSize(bytes);
  return bytes === 0 ? "-" : `> ${formatSize(bytes)}`;
}

/** Of a digest or diffID, as much as tells it apart. */
export function shortDigest(digest: string): string {
  return digest.slice(0, "sha256:".length + 12);
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
