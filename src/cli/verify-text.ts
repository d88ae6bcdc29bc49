import { hexOf } from "../image/digest.js";
import type { Fault } from "../shelf/verify/findings.js";
import type { VerifiedImage } from "./verify-image.js";

/** A reader wants the kinds of faults first: more of them for one layer are in `--json`. */
const mostLines = 20;

/** Faults and notes, grouped by the outer layer and the inner layer. */
export function formatVerification({ name, verification }: VerifiedImage): string {
  const { faults, notes, images, layers } = verification;
  const held = `${count(images.length, "inner image")}, ${layers.proven} of ${count(layers.total, "inner layer")} proven`;
  const found = faults.length === 0 ? "no fault" : count(faults.length, "fault");
  const remarks = notes.length === 0 ? [] : ["", `${count(notes.length, "note")}:`, ...groupLines(notes)];
  return `${[`${name}: ${found} (${held})`, ...groupLines(faults), ...remarks].join("\n")}\n`;
}

function groupLines(faults: readonly Fault[]): string[] {
  const groups = new Map<string, Fault[]>();
  for (const fault of faults) {
    const heading = headingOf(fault);
    groups.set(heading, [...(groups.get(heading) ?? []), fault]);
  }
  return [...groups].flatMap(([heading, group]) => {
    const lines = group.slice(0, mostLines).map((fault) => `    ${printable(lineOf(fault))}`);
    const more = group.length - lines.length;
    return [`  ${heading}`, ...lines, ...(more > 0 ? [`    and ${more} more, which --json lists`] : [])];
  });
}

function headingOf({ outer, layer, images = [], path }: Fault): string {
  const where = outer === undefined ? [] : [`outer layer ${outer}`];
  const inner =
    layer === undefined ? [] : [`inner layer ${layer}${images.length > 0 ? ` of ${images.join(", ")}` : ""}`];
  return [...where, ...inner].join(", ") || (path === undefined ? "the image's config" : "in no outer layer");
}

/** The heading names the layer, so its files have their paths in the layer. */
function lineOf({ layer, path, what }: Fault): string {
  if (path === undefined) return what;
  const folder = layer === undefined ? undefined : `/usr/lib/larder/layers/${hexOf(layer)}/fs`;
  const shown =
    folder !== undefined && `${path}/`.startsWith(`${folder}/`) ? path.slice(folder.length) || "/" : path;
  return `${shown}: ${what}`;
}

/** Names of files come from the image: they must not speak to the terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (sign) => `\\x${sign.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
