import { type Cost, costsOf, describeCost, type Total } from "../report/sharing.js";
import type { SystemImage } from "../report/system-image.js";
import { formatTotal } from "../report/text.js";
import { html, type Markup } from "./markup.js";
import { type Kind, widthOf } from "./scale.js";

/** Two bars for each place, on a scale of their own for each. */
export function drawCosts(images: readonly SystemImage[]): Markup {
  const items = costsOf(images).flatMap((cost) => (cost.apart.bytes > 0 ? [drawCost(cost)] : []));
  return html`<section>
<h2>What they take</h2>
<p>Shared: each layer once, as registries and engines keep it. Apart: as if each system image held its inner images as saved archives.</p>
<ul>${items}</ul>
</section>
`;
}

function drawCost(cost: Cost): Markup {
  const { unit, shared, apart } = cost;
  const widest = Math.max(shared.bytes, apart.bytes);
  return html`<li class="layer"><b>${describeCost(cost)}</b>, ${unit}
${drawTotal("shared", "files", shared, widest)}${drawTotal("apart", "stage", apart, widest)}</li>
`;
}

function drawTotal(name: string, kind: Kind, total: Total, widest: number): Markup {
  return html`<div class="facts"><span>${name}</span><span class="size">${formatTotal(total)}</span></div>
<div class="track"><span class="bar ${kind}" style="width:${widthOf(total.bytes, widest)}"></span></div>
`;
}
