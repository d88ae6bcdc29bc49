import { posix } from "node:path";
import type { Bridge } from "../gateway/bridge.js";
import type { BuildOptions } from "../gateway/options.js";
import type { Definition } from "../gen/ops.js";
import { marshal } from "../llb/marshal.js";
import { local } from "../llb/source.js";
import { openRemoteContext } from "./remote-context.js";

/** The Dockerfile from the client. */
export interface SourceFile {
  readonly filename: string;
  readonly text: string;
  /** The source of the file. */
  readonly definition: Definition;
  /** The folder of the file, as a ref of the builder. */
  readonly folder: string;
  /** Further LLB from the client. */
  readonly inputs: Readonly<Record<string, Definition>>;
  /** The build context, if it is a URL. */
  readonly context: Definition | undefined;
}

/** All inputs of upstream beside the build context. */
export interface Source extends SourceFile {
  /** `<filename>.dockerignore`, if it exists. It may be empty. */
  readonly ignore: Buffer | undefined;
}

const defaultFilename = "Dockerfile";

/**
 * Reads the Dockerfile from the place where upstream would read it.
 * @returns undefined if the client's folder for it is empty: upstream reports that.
 */
export async function readDockerfile(bridge: Bridge, options: BuildOptions): Promise<SourceFile | undefined> {
  const { dockerfilekey } = options.frontend;
  const remote = await openRemoteContext(bridge, options);
  const filename = remote?.filename ?? options.frontend.filename ?? defaultFilename;
  const own = localDockerfile(options, dockerfilekey ?? "dockerfile", filename);
  // The file is mostly the client's own, so this solve goes out at once. It sends no file: only a read does.
  const [solved, inputs] = await Promise.all([bridge.solve({ Definition: own }), bridge.inputs()]);
  const elsewhere = dockerfilekey === undefined ? (remote?.definition ?? inputs.dockerfile) : undefined;
  const { result } = elsewhere ? await bridge.solve({ Definition: elsewhere }) : solved;
  if (result?.$case !== "ref" || result.value.id === "") return undefined;
  const folder = result.value.id;
  const text = (await readText(bridge, folder, filename)).toString("utf8");
  return { filename, text, definition: elsewhere ?? own, folder, inputs, context: remote?.definition };
}

/** Adds the ignore file, which is only needed if upstream gets another Dockerfile. */
export async function withIgnoreFile(bridge: Bridge, file: SourceFile): Promise<Source> {
  const path = `${file.filename}.dockerignore`;
  return { ...file, ignore: await bridge.readFile(file.folder, path).catch(() => undefined) };
}

/**
 * The same bytes as upstream's own request: both are then one step of the build, and the client sends the file once.
 */
function localDockerfile(options: BuildOptions, name: string, filename: string): Definition {
  const file = local(`[internal] load build definition from ${filename}`, {
    name,
    sessionId: options.frontend[`local-sessionid:${name}`] ?? options.sessionId,
    followPaths: [filename, `${filename}.dockerignore`, ...otherSpelling(filename)],
  });
  return marshal(file);
}

/** `Dockerfile` may be `dockerfile`, too. */
function otherSpelling(filename: string): string[] {
  if (posix.basename(filename) !== defaultFilename) return [];
  return [posix.join(posix.dirname(filename), defaultFilename.toLowerCase())];
}

/** If neither spelling exists, the error is about the first. */
async function readText(bridge: Bridge, folder: string, filename: string): Promise<Buffer> {
  try {
    return await bridge.readFile(folder, filename);
  } catch (error) {
    for (const other of otherSpelling(filename)) {
      const text = await bridge.readFile(folder, other).catch(() => undefined);
      if (text) return text;
    }
    throw error;
  }
}
