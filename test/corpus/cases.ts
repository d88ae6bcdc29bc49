/** The folders of the corpus: a Dockerfile, the files of its build context, and what is known of its build. */
import { existsSync, readdirSync, readFileSync } from "node:fs";

/** `case.json`; all of it may be left out. */
export interface Expectations {
  /** For the reader. */
  readonly note?: string;
  /** The Dockerfile, if it has another name. */
  readonly file?: string;
  /** More arguments for `docker buildx build`; `{context}` stands for the folder. */
  readonly args?: readonly string[];
  /** The build fails, and these words are in what it says. */
  readonly fails?: string;
  /** Rules of the stock linter that warn, in their order. */
  readonly warns?: readonly string[];
  /** Rules that warn of a PRELOAD. */
  readonly lints?: readonly string[];
  /** Questions about the file that get the same answers: `check`, `outline`, `targets`. */
  readonly calls?: readonly string[];
  /** The inner images of the image. */
  readonly inner?: readonly string[];
  /** `ONBUILD PRELOAD`s that the image records, without ONBUILD. */
  readonly onBuild?: readonly string[];
  /** Images that are fetched during the build, if others than `inner`. */
  readonly fetches?: readonly string[];
  /** A container of the image is started, and its Docker asked for the inner images. */
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
