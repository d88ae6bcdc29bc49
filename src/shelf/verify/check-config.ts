import { type ImageConfig, labelsOf } from "../../image/config.js";
import { isObject } from "../../is-object.js";
import { readHistory } from "../history.js";
import { formatLabel, labelVersion, preloadLabel } from "../label.js";
import type { Findings } from "./findings.js";
import type { ShelfContents } from "./shelf-contents.js";

/** Does the image say that images are preloaded in it? */
export function isSystemImage(config: ImageConfig): boolean {
  return Boolean(labelsOf(config)[preloadLabel]) || readHistory(config).size > 0;
}

/** Compares what the config claims, in its label and its history, with the shelf. */
export function checkConfigClaims(config: ImageConfig, contents: ShelfContents, findings: Findings): void {
  checkLabel(config, contents, findings);
  checkHistory(config, contents, findings);
}

function checkLabel(config: ImageConfig, { layers }: ShelfContents, findings: Findings): void {
  const text = labelsOf(config)[preloadLabel];
  const expected = formatLabel(layers.size);
  if (text === expected) return;
  const value = parseJson(text);
  if (isObject(value) && typeof value.version === "number" && value.version > labelVersion) {
    findings.note(
      {},
      `the label ${preloadLabel} is of version ${value.version}: use a larder as new as the image`,
    );
  } else if (Array.isArray(value)) {
    findings.note({}, `the label ${preloadLabel} is of an earlier Larder: build the image again`);
  } else {
    findings.fault({}, `the label ${preloadLabel} is ${text || "missing"}, should be ${expected}`);
  }
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

/** Later builds believe the history: a layer that is said to be there is not added. */
function checkHistory(config: ImageConfig, { layers, blobs }: ShelfContents, findings: Findings): void {
  const claims = readHistory(config);
  const claimed = new Set<string>();
  for (const [index, claim] of claims) {
    const outer = index + 1;
    const lacks = (what: string): void =>
      findings.fault({ outer }, `does not hold the ${what}, should by the image's history`);
    if (claim.kind === "files") {
      for (const diffId of claim.diffIds) {
        claimed.add(diffId);
        if (!layers.get(diffId)?.outers.has(outer)) lacks(`inner layer ${diffId}`);
      }
    } else if (claim.kind === "blobs") {
      for (const digest of claim.digests) if (blobs.get(digest)?.outer !== outer) lacks(`blob ${digest}`);
    }
  }
  if (claims.size === 0) {
    findings.note({}, "the history does not tell the inner layers: PRELOAD cannot add images to this one");
    return;
  }
  for (const { diffId, outers } of layers.values()) {
    if (claimed.has(diffId)) continue;
    findings.fault(
      { outer: [...outers][0], layer: diffId },
      "is of no PRELOAD in the image's history, should not be there",
    );
  }
}
