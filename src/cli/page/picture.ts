/** The picture of one system image: its outer layers, highest first, and beside them its inner images. */
import { formatPlatform } from "../../image/platform.js";
import { formatSize } from "../output/sizes.js";
import { describeHeld, holdersOf } from "../report/holders.js";
import { type InnerImageReport, type LayerReport, type SystemImage, sumOf } from "../report/system-image.js";
import { count, shortDigest } from "../report/text.js";
import { html, type Markup } from "./markup.js";
import { kindOf, type Scale, widthOf } from "./scale.js";

/** @param alsoIn names of the other images that have a layer. */
export function drawImage(
  image: SystemImage,
  scale: Scale,
  alsoIn: (layer: LayerReport) => string[],
): Markup {
  const { outer, inner, layers } = image;
  const facts = [
    formatPlatform(outer.platform),
    count(inner.length, "inner image"),
    count(layers.length, "layer"),
  ];
  const stack = [...layers].reverse().map((layer) => drawLayer(image, layer, scale, alsoIn(layer)));
  const cards = inner.map((one) => drawInner(image, one, scale));
  return html`<section>
<h2>${outer.name}</h2>
<p>${facts.join(", ")}${outer.digest ? html`<br><code>${outer.digest}</code>` : ""}</p>
<div class="sides">
<div><h3>Layers, highest first</h3><ol>${stack}</ol></div>
<div><h3>${inner.length > 0 ? "Inner images" : "No image is preloaded"}</h3>${cards}</div>
</div>
</section>
`;
}

function drawLayer(
  image: SystemImage,
  layer: LayerReport,
  { unit, widest }: Scale,
  alsoIn: string[],
): Markup {
  const size = layer[unit];
  const holders = new Set(holdersOf(image, layer).map((one) => one.image)).size;
  const also = alsoIn.length > 0 ? html`<div class="also">also in ${alsoIn.join(", ")}</div>` : "";
  const held = describeHeld(image, layer);
  return html`<li class="layer">
<div class="facts"><span><b>${layer.index + 1}</b> ${held} <code>${shortDigest(layer.diffId)}</code></span><span class="size">${formatSize(size)}</span></div>
<div class="track"><span class="bar ${kindOf(layer, holders)}" style="width:${widthOf(size ?? 0, widest)}"></span></div>${also}
</li>
`;
}

/** The layers of an inner image side by side, on the same scale. */
function drawInner(
  image: SystemImage,
  { name, details, layers }: InnerImageReport,
  { unit, widest }: Scale,
): Markup {
  const bars = layers.flatMap(({ outer, ...layer }) => {
    const holder = outer === undefined ? undefined : image.layers[outer];
    const kind = holder ? kindOf(holder, holdersOf(image, holder).length) : "files";
    const width = widthOf(layer[unit] ?? 0, widest);
    return html`<span class="bar ${kind}" style="width:${width}" title="${formatSize(layer[unit])}"></span>`;
  });
  const places = layers.map(({ outer }) => (outer === undefined ? "?" : String(outer + 1)));
  const facts = details
    ? html`<p>${formatPlatform(details.platform)}<br><code>${details.digest}</code></p>`
    : "";
  return html`<div class="card">
<div class="facts"><b>${name}</b><span class="size">${formatSize(sumOf(layers.map((layer) => layer[unit])))}</span></div>
${facts}<div class="stack">${bars}</div>
<div class="also">in the layers ${places.join(", ")}</div>
</div>
`;
}
