/** The parts of a written Compose file that matter for the images of its services. */

import {
  type CollectionTag,
  parseAllDocuments,
  Scalar,
  type ScalarTag,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { isObject } from "../../../is-object.js";

export interface ComposeFile {
  readonly services: ReadonlyMap<string, Service>;
  /** Services of the files below that `!reset` removes. */
  readonly removed: readonly string[];
  readonly includes: readonly Include[];
}

/** Values are not interpolated. */
export interface Service {
  /** Absent if another file or service may have it; null if `!reset` removes it. */
  readonly image?: string | null;
  readonly isBuilt: boolean;
  readonly extends?: { readonly service: string; readonly file?: string };
}

export interface Include {
  /** The first file, and those that are laid over it. */
  readonly paths: readonly string[];
  readonly projectDirectory?: string;
  readonly envFiles?: readonly string[];
}

/** @returns the file's documents, each laid over the one before. @throws Error that names the fault. */
export function parseComposeFile(text: string): ComposeFile[] {
  // As in Compose, `<<: *defaults` copies the fields of `defaults`.
  const documents = parseAllDocuments(text, { merge: true, customTags: [...resets, ...overrides] });
  const contents =
    "empty" in documents
      ? [undefined]
      : documents.map((document): unknown => {
          const [error] = document.errors;
          if (error) throw new Error(`it is not YAML: ${error.message.split("\n")[0]}`, { cause: error });
          return document.toJS();
        });
  return contents.map(toFile);
}

function toFile(file: unknown): ComposeFile {
  const { services, include } = isObject(file) ? file : {};
  const isMissing = services === undefined || services === null;
  if (!isObject(services) && !(isMissing && include !== undefined)) {
    throw new Error("it has no services; write services: with an image: for each");
  }
  if (include !== undefined && include !== null && !Array.isArray(include)) {
    throw new Error("include: is no list; write - and a path for each");
  }
  const entries = Object.entries(services ?? {});
  return {
    services: new Map(
      entries.flatMap(([name, one]) => (one === reset ? [] : [[name, toService(name, one)]])),
    ),
    removed: entries.flatMap(([name, one]) => (one === reset ? [name] : [])),
    includes: (include ?? []).map(toInclude),
  };
}

/** Stands for `!reset` and any value after it. */
const reset = "\0!reset";
const collections = ["map", "seq"] as const;
const resets: (ScalarTag | CollectionTag)[] = [
  { tag: "!reset", resolve: () => reset },
  ...collections.map((collection) => ({ tag: "!reset", collection, resolve: () => new Scalar(reset) })),
];
const overrides: (ScalarTag | CollectionTag)[] = [
  { tag: "!override", resolve: (value) => value },
  ...collections.map((collection) => ({
    tag: "!override",
    collection,
    resolve: (value: YAMLMap.Parsed | YAMLSeq.Parsed) => value,
  })),
];

function toService(name: string, value: unknown): Service {
  const service = isObject(value) ? value : {};
  const { build, provider } = service;
  const image = service.image === reset ? null : service.image;
  if (image !== undefined && image !== null && typeof image !== "string") {
    throw new Error(`service "${name}": image is no text; put it in quotes`);
  }
  return {
    ...(image !== undefined && { image }),
    isBuilt: [build, provider].some((one) => one !== undefined && one !== null && one !== reset),
    ...(service.extends !== undefined && { extends: toExtends(name, service.extends) }),
  };
}

function toExtends(name: string, value: unknown): NonNullable<Service["extends"]> {
  if (typeof value === "string") return { service: value };
  const { service, file } = isObject(value) ? value : {};
  if (typeof service !== "string" || (file !== undefined && typeof file !== "string")) {
    throw new Error(
      `service "${name}": extends names no service; write service: and, for another file, file: below it`,
    );
  }
  return { service, ...(file !== undefined && { file }) };
}

function toInclude(value: unknown): Include {
  if (typeof value === "string") return { paths: [value] };
  const { path, project_directory, env_file } = isObject(value) ? value : {};
  const paths = toList(path);
  const envFiles = env_file === undefined ? undefined : toList(env_file);
  const isPlace = project_directory === undefined || typeof project_directory === "string";
  if (!paths?.length || (env_file !== undefined && !envFiles) || !isPlace) {
    throw new Error("include: has an entry that names no file; write a path, or path: with one or several");
  }
  return {
    paths,
    ...(project_directory !== undefined && { projectDirectory: project_directory }),
    ...(envFiles && { envFiles }),
  };
}

function toList(value: unknown): string[] | undefined {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.every((one) => typeof one === "string") ? list : undefined;
}
