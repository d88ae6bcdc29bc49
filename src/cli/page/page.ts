/** The page of `larder inspect --html`: one file without scripts, fonts or links to anywhere. */
import { distinctLayers } from "../report/sharing.js";
import type { LayerReport, SystemImage } from "../report/system-image.js";
import { drawCosts } from "./costs.js";
import { html, Markup } from "./markup.js";
import { drawImage } from "./picture.js";
import { chooseScale, type Kind } from "./scale.js";
import { styles } from "./styles.js";

export function formatPage(images: readonly SystemImage[]): string {
  const scale = chooseScale(images);
  const sharers = distinctLayers(images, "content");
  const sections = images.map((image, own) => {
    const alsoIn = ({ diffId }: LayerReport): string[] =>
      (sharers.get(diffId)?.images ?? [])
        .filter((index) => index !== own)
        .map((index) => images[index]?.outer.name ?? "");
    return drawImage(image, scale, alsoIn);
  });
  const title = images.map(({ outer }) => outer.name).join(", ");
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}: layers</title>
<style>${new Markup(styles)}</style>
</head>
<body>
<h1>System images and their layers</h1>
<p>Bars show ${scale.unit} sizes, all on one scale.</p>
${drawLegend()}
${sections}${drawCosts(images)}</body>
</html>
`.text;
}

const legend: Readonly<Record<Kind, string>> = {
  stage: "the stage's own",
  files: "of one inner image",
  shared: "of several inner images",
  blobs: "compressed layers for a containerd",
  catalog: "the catalog",
};

function drawLegend(): Markup {
  const items = Object.entries(legend).map(
    ([kind, text]) => html`<li><span class="bar ${kind}"></span>${text}</li>`,
  );
  return html`<ul class="legend">${items}</ul>`;
}
