/** A Compose file as it is written: what matters for the images of its services. */
import { parse } from "yaml";

export interface ComposeFile {
  readonly services: ReadonlyMap<string, Service>;
  readonly includes: readonly Include[];
}

/** Values are not interpolated. */
export interface Service {
  /** Absent where another file or service may have it; null where `!reset` takes it away. */
  readonly image?: string | null;
  readonly isBuilt: boolean;
  readonly extends?: { readonly service: string; readonly file?: string };
}

export interface Include {
  /** The first one, and those that are laid over it. */
  readonly paths: readonly string[];
  readonly projectDirectory?: string;
  readonly envFiles?: readonly string[];
}

/** @throws Error that says what is wrong. */
export function parseComposeFile(text: string): ComposeFile {
  let file: unknown;
  try {
    // As in Compose, `<<: *defaults` takes over what it names.
    file = parse(text, {
      merge: true,
      customTags: [tag("!reset", () => null), tag("!override", (value) => value)],
    });
  } catch (error) {
    throw new Error(`it is not YAML: ${(error as Error).message.split("\n")[0]}`, { cause: error });
  }
  const { services, include } = isObject(file) ? file : {};
  const isMissing = services === undefined || services === null;
  if (!isObject(services) && !(isMissing && include !== undefined)) {
    throw new Error("it has no services; write services: with an image: for each");
  }
  if (include !== undefined && include !== null && !Array.isArray(include)) {
    throw new Error("include: is no list; write - and a path for each");
  }
  return {
    services: new Map(Object.entries(services ?? {}).map(([name, one]) => [name, toService(name, one)])),
    includes: (include ?? []).map(toInclude),
  };
}

function tag(name: string, value: (text: string) => string | null) {
  return { tag: name, resolve: value };
}

function toService(name: string, value: unknown): Service {
  const service = isObject(value) ? value : {};
  const { image, build, provider } = service;
  if (image !== undefined && image !== null && typeof image !== "string") {
    throw new Error(`service "${name}": image is no text; put it in quotes`);
  }
  return {
    ...("image" in service && { image: image as string | null }),
    isBuilt: (build ?? provider ?? undefined) !== undefined,
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

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
