/**
 * `--compose=compose.yaml`: the image of every service, as Compose finds it (Compose Specification: "include",
 * "extends", "Interpolation"). Files come from the build context. The stage's ARG and ENV take the place of the shell's
 * variables.
 */
import { posix } from "node:path";
import { contextPath, fileInContext, pathInContext } from "../context-path.js";
import { readEnvFile } from "./env-file.js";
import { type ComposeFile, type Include, parseComposeFile, type Service } from "./files.js";
import { interpolate, namesIn, type Variables } from "./interpolate.js";

export interface ComposeImages {
  readonly images: readonly ServiceImage[];
  /** Services that Compose builds and that name no image. */
  readonly built: readonly string[];
}

export interface ServiceImage {
  readonly service: string;
  readonly image: string;
}

/** Sources outside of the files. */
export interface Surroundings {
  /** A file of the build context; undefined if there is none. */
  readonly read: (path: string) => Promise<string | undefined>;
  /** The stage's variables of these names. Those that are not set are left out. */
  readonly ask: (names: readonly string[]) => Promise<ReadonlyMap<string, string>>;
}

/** @throws Error that names the file and the service. */
export async function readProject(written: string, surroundings: Surroundings): Promise<ComposeImages> {
  const path = contextPath(written);
  const loader = new Loader(path, surroundings);
  const root = { paths: [path], directory: posix.dirname(path), envFiles: undefined, outer: () => undefined };
  const services = await loader.project(root, []);
  const images: ServiceImage[] = [];
  const built: string[] = [];
  for (const [service, { image, isBuilt }] of services) {
    if (image) images.push({ service, image });
    else if (isBuilt) built.push(service);
    else throw new Error(`service "${service}" has no image; write image: below it`);
  }
  return { images, built };
}

/** A service together with the services that it extends. Its image is interpolated. */
interface Resolved {
  readonly image?: string | null;
  readonly isBuilt: boolean;
}

/** The place of a service. */
interface Place {
  readonly path: string;
  readonly file: ComposeFile;
  /** Services of included files, which this file's services may extend. */
  readonly included: ReadonlyMap<string, Resolved>;
  /** The directory of relative paths: the project's, or that of the file in which a service extends another. */
  readonly directory: string;
  readonly variables: Variables;
  /** The services that extend it. */
  readonly line: readonly string[];
}

/** Files of one project: the later ones are laid over the first. */
interface Project {
  readonly paths: readonly string[];
  readonly directory: string;
  /** Absent: `.env`, if it exists. */
  readonly envFiles: readonly string[] | undefined;
  /** Variables of the project that includes this one. */
  readonly outer: Variables;
}

class Loader {
  /** The file that PRELOAD names. Errors about it need not name it. */
  readonly #root: string;
  readonly #surroundings: Surroundings;
  readonly #texts = new Map<string, Promise<string | undefined>>();
  readonly #ofStage = new Map<string, string>();
  readonly #asked = new Set<string>();

  constructor(root: string, surroundings: Surroundings) {
    this.#root = root;
    this.#surroundings = surroundings;
  }

  /** @param including the files on the way here, to find a file that includes itself. */
  async project(project: Project, including: readonly string[]): Promise<Map<string, Resolved>> {
    const variables = await this.#variables(project);
    const services = new Map<string, Resolved>();
    for (const path of project.paths) {
      if (including.includes(path)) throw new Error(`include: ${[...including, path].join(" includes ")}`);
      for (const file of await this.#file(path, including.at(-1))) {
        const included = await this.#includes(file, { ...project, variables }, [...including, path]);
        for (const name of file.removed) services.delete(name);
        const own = new Map<string, Resolved>();
        for (const [name, service] of file.services) {
          const place = { path, file, included, directory: project.directory, variables, line: [] };
          own.set(name, over(await this.#resolve(name, service, place), included.get(name)));
        }
        for (const [name, service] of new Map([...own, ...[...included].filter(([name]) => !own.has(name))]))
          services.set(name, over(service, services.get(name)));
      }
    }
    return services;
  }

  /** If several included files have a service, the first one's words take precedence. */
  async #includes(
    file: ComposeFile,
    { directory, variables }: { directory: string; variables: Variables },
    including: readonly string[],
  ): Promise<Map<string, Resolved>> {
    const services = new Map<string, Resolved>();
    for (const include of file.includes) {
      const project = this.#included(include, directory, variables);
      for (const [name, service] of await this.project(project, including)) {
        const present = services.get(name);
        services.set(name, present ? over(present, service) : service);
      }
    }
    return services;
  }

  #included({ paths, projectDirectory, envFiles }: Include, base: string, variables: Variables): Project {
    const place = (path: string, find = fileInContext): string =>
      named("include", () => find(interpolate(path, variables), base));
    const files = paths.map((path) => place(path));
    const directory =
      projectDirectory === undefined
        ? posix.dirname(files[0] ?? ".")
        : place(projectDirectory, pathInContext);
    return { paths: files, directory, envFiles: envFiles?.map((path) => place(path)), outer: variables };
  }

  /** The stage's variables come first, then those of the including project, then the project's own. */
  async #variables({ paths, directory, envFiles, outer }: Project): Promise<Variables> {
    const files = envFiles ?? [posix.join(directory, ".env")];
    const own = new Map<string, string>();
    const variables: Variables = (name) => this.#ofStage.get(name) ?? outer(name) ?? own.get(name);
    for (const path of files) {
      const text = await this.#read(path);
      if (text === undefined && envFiles) throw new Error(`include: env_file "${path}": ${missing}`);
      await this.#ask(text ?? "");
      for (const [name, value] of named(path, () => readEnvFile(text ?? "", variables))) own.set(name, value);
    }
    for (const path of paths) await this.#ask((await this.#read(path)) ?? "");
    return variables;
  }

  /** Each file is read only once, since each read is a separate build. */
  #read(path: string): Promise<string | undefined> {
    const text = this.#texts.get(path) ?? this.#surroundings.read(path);
    this.#texts.set(path, text);
    return text;
  }

  async #ask(text: string): Promise<void> {
    const names = namesIn(text).filter((name) => !this.#asked.has(name));
    if (names.length === 0) return;
    for (const name of names) this.#asked.add(name);
    for (const [name, value] of await this.#surroundings.ask(names)) this.#ofStage.set(name, value);
  }

  async #file(path: string, from: string | undefined): Promise<ComposeFile[]> {
    const text = await this.#read(path);
    if (text === undefined)
      throw new Error(from === undefined ? missing : `${from} names ${path}: ${missing}`);
    return path === this.#root ? parseComposeFile(text) : named(path, () => parseComposeFile(text));
  }

  async #resolve(name: string, service: Service, at: Place): Promise<Resolved> {
    const { path, file, included, directory, variables, line } = at;
    const here = path === this.#root ? `service "${name}"` : `service "${name}" of ${path}`;
    if (line.includes(here)) throw new Error(`extends: ${[...line, here].join(" extends ")}`);
    const image = service.image && named(here, () => interpolate(service.image ?? "", variables));
    const own: Resolved = { isBuilt: service.isBuilt, ...(image !== undefined && { image }) };
    if (!service.extends) return own;
    const other = interpolate(service.extends.file ?? "", variables);
    const source = other === "" ? path : named(here, () => fileInContext(other, directory));
    if (source !== path) await this.#ask((await this.#read(source)) ?? "");
    const wanted = service.extends.service;
    const files = source === path ? [file] : await this.#file(source, path);
    const sourceFile = files.findLast(({ services }) => services.has(wanted));
    const base = sourceFile?.services.get(wanted);
    const imported = source === path ? included.get(wanted) : undefined;
    if (!base || !sourceFile) {
      if (imported) return over(own, imported);
      throw new Error(`${here} extends "${wanted}", and ${source} has no such service`);
    }
    const below = { ...at, path: source, file: sourceFile, line: [...line, here] };
    const inherited = await this.#resolve(
      wanted,
      base,
      source === path ? below : { ...below, included: new Map(), directory: posix.dirname(source) },
    );
    return over(own, over(inherited, imported));
  }
}

const missing =
  "the build context has no such file; check the path, and that .dockerignore does not leave it out";

/** A service laid over another. */
function over(service: Resolved, below: Resolved | undefined): Resolved {
  return { ...below, ...service, isBuilt: service.isBuilt || (below?.isBuilt ?? false) };
}

/** @throws Error with `what` before the original message. */
function named<T>(what: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
  }
}
