/** The parts of two builds that must be equal, without those that differ between frontends. */
import type { Finished } from "../harness/command.js";
import { lab } from "../harness/lab.js";
import { blankLines, preloadLines } from "./blank.js";
import type { Case } from "./cases.js";
import { type Outcome, type Warning, withoutFrontend } from "./outcome.js";
import type { ImageConfig, PushedImage } from "./pushed-image.js";

export const preloadLabel = "io.larder.preload";

/** Excerpts without the text of PRELOADs and without the line that names the frontend. */
export function comparableError({ dockerfile }: Case, { error }: Outcome): string {
  const hidden = hiddenLines(dockerfile);
  return error
    .replaceAll(/^ *(\d+) \| (>>>| {3}) .*$/gm, (line, number, mark) =>
      hidden.has(Number(number)) ? `${number} | ${mark}` : line,
    )
    .replaceAll(/failed to (solve|run Build function)/g, "failed to solve")
    .replaceAll(/ref [\w:-]+: /g, "");
}

/** The lines of the file in excerpts, with their numbers. */
export function excerptLines({ error, warnings }: Outcome): [number: number, text: string][] {
  const excerpts = [error, ...warnings.flatMap(({ lines }) => lines)].join("\n");
  const lines = excerpts.matchAll(/^ *(\d+) \| (?:>>> | {4})?(.*)$/gm);
  return [...lines].map(([, number, text = ""]) => [Number(number), text]);
}

/** Warnings in the order of the file: the parts of a cut file are checked separately. */
export function comparableWarnings(one: Case, { warnings }: Outcome): Warning[] {
  const hidden = hiddenLines(one.dockerfile);
  return warnings
    .filter((warning) => !isLarders(one, warning))
    .sort((a, b) => lineOf(a) - lineOf(b) || (a.text < b.text ? -1 : 1))
    .map((warning) => ({
      ...warning,
      lines: warning.lines.filter((line) => !hidden.has(Number.parseInt(line, 10))),
    }));
}

/** Rules that warn about a PRELOAD. */
export function lardersRules(one: Case, { warnings }: Outcome): string[] {
  return warnings.filter((warning) => isLarders(one, warning)).map(({ rule }) => rule);
}

function isLarders({ dockerfile }: Case, warning: Warning): boolean {
  return warning.rule.startsWith("Preload") || preloadLines(dockerfile).has(lineOf(warning));
}

const lineOf = ({ lines }: Warning): number => Number.parseInt(lines[0] ?? "0", 10);

/**
 * Steps without those that load the frontend or base images. Cases are built at the same time, and a step that two
 * builds share has one name, with the stage of one of them.
 */
export function comparableSteps(names: readonly string[]): string[] {
  const frontend = `docker-image://${lab.frontend}`;
  return names.filter(
    (name) => !name.includes(frontend) && !/^(\[.*\] )?FROM |^\[context \S+\] \S+$/.test(name),
  );
}

/** An answer, with the quoted file in plain text. */
export function comparableAnswer({ dockerfile }: Case, { status, stdout }: Finished): unknown {
  const hidden = hiddenLines(dockerfile);
  const plain = (data: string) =>
    blankLines(withoutFrontend(Buffer.from(data, "base64").toString("utf8")), hidden);
  const { sources = [], ...answer } = JSON.parse(withoutFrontend(stdout));
  const files = sources.map((source: string | { filename: string; data: string }) =>
    typeof source === "string" ? plain(source) : [source.filename, plain(source.data)],
  );
  return { status, ...answer, files };
}

/** `SOURCE_DATE_EPOCH` of all builds. */
export const buildTime = new Date("2023-11-14T22:13:20Z");

/**
 * The image with the time of a stage that adds something to its base. Without additions, the image has the base's time.
 */
export function asOfNow({ config, layers }: PushedImage): PushedImage {
  return { config: { ...config, created: buildTime.toISOString().replace(".000", "") }, layers };
}

/** The images without Larder's layers, history, label and triggers. */
export function withoutLarder(images: readonly PushedImage[]): PushedImage[] {
  return images.map(({ config: image, layers }) => {
    const withLayer = image.history.filter(({ empty_layer }) => !empty_layer);
    const isStock = (_: unknown, index: number) => withLayer[index]?.comment !== "larder";
    const config: ImageConfig = {
      ...image,
      config: stockConfig(image.config),
      history: image.history.filter(({ comment }) => comment !== "larder"),
      rootfs: { ...image.rootfs, diff_ids: image.rootfs.diff_ids?.filter(isStock) ?? null },
    };
    return { config, layers: layers.filter(isStock) };
  });
}

function stockConfig({ Labels = {}, OnBuild = [], ...config }: ImageConfig["config"]): ImageConfig["config"] {
  const { [preloadLabel]: _, ...labels } = Labels;
  const triggers = OnBuild.filter((trigger) => !isPreload(trigger));
  return {
    ...config,
    ...(Object.keys(labels).length > 0 && { Labels: labels }),
    ...(triggers.length > 0 && { OnBuild: triggers }),
  };
}

const isPreload = (trigger: string): boolean => /^PRELOAD\s/i.test(trigger);

/** The images that a build FROM this one preloads. */
export function preloadTriggers(images: readonly PushedImage[]): string[] {
  return images.flatMap(({ config }) => config.config.OnBuild ?? []).filter(isPreload);
}

/** References in the order of the PRELOADs, from the history. An image that is preloaded twice has its last place. */
export function innerImages(images: readonly PushedImage[]): string[] {
  const catalogs = images.flatMap(({ config }) =>
    config.history.flatMap(({ comment, created_by = "" }) =>
      comment === "larder" ? (/^PRELOAD (.*), catalog$/.exec(created_by)?.[1]?.split(" ") ?? []) : [],
    ),
  );
  return catalogs.filter((name, index) => catalogs.lastIndexOf(name) === index);
}

/** Lines of PRELOADs, and the line that names the frontend. */
export function hiddenLines(dockerfile: string): ReadonlySet<number> {
  const syntax = dockerfile.split("\n").findIndex((line) => /^\uFEFF?#\s*syntax=/.test(line)) + 1;
  return new Set([...preloadLines(dockerfile), syntax]);
}
