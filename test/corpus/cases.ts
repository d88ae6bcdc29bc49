/** The folders of the corpus: a Dockerfile, the files of its build context, and the expected result. */
import { existsSync, readdirSync, readFileSync } from "node:fs";

/** `case.json`. Every field may be absent. */
export interface Expectations {
  /** A note for readers. */
  readonly note?: string;
  /** The Dockerfile's name, if it is another one. */
  readonly file?: string;
  /** More arguments for `docker buildx build`; `{context}` stands for the folder. */
  readonly args?: readonly string[];
  /** The build fails, and its message contains these words. */
  readonly fails?: string;
  /** Rules of upstream's linter that warn, in their order. */
  readonly warns?: readonly string[];
  /** Rules that warn about a PRELOAD. */
  readonly lints?: readonly string[];
  /** Questions about the file that both frontends answer equally: `check`, `outline`, `targets`. */
  readonly calls?: readonly string[];
  /** The inner images of the image. */
  readonly inner?: readonly string[];
  /** `ONBUILD PRELOAD`s in the image's config, without ONBUILD. */
  readonly onBuild?: readonly string[];
  /** Images that are fetched during the build, if they differ from `inner`. */
  readonly fetches?: readonly string[];
  /** The test starts a container of the image, and asks its Docker for the inner images. */
  readonly starts?: boolean;
}

export interface Case extends Expectations {
  readonly name: string;
  readonly file: string;
  readonly folder: URL;
  readonly dockerfile: string;
}

const corpus = new URL("./", import.meta.url);

export function readCases(): Case[] {
  return readdirSync(corpus, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => readCase(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readCase(name: string): Case {
  const folder = new URL(`${name}/`, corpus);
  const json = new URL("case.json", folder);
  const expectations: Expectations = existsSync(json) ? JSON.parse(readFileSync(json, "utf8")) : {};
  const { file = "Dockerfile" } = expectations;
  return { ...expectations, name, folder, file, dockerfile: readFileSync(new URL(file, folder), "utf8") };
}
