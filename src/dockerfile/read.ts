import { posix } from "node:path";
import { LarderError } from "../error.js";
import type { Bridge } from "../gateway/bridge.js";
import type { BuildOptions } from "../gateway/options.js";
import type { Definition } from "../gen/ops.js";
import { marshal } from "../llb/marshal.js";
import { local } from "../llb/source.js";
import { openRemoteContext } from "./remote-context.js";

/** The Dockerfile as the client gave it. */
export interface Source {
  readonly filename: string;
  readonly text: string;
  /** What it was read from. */
  readonly definition: Definition;
  /** `<filename>.dockerignore`, where there is one, even an empty one. */
  readonly ignore: Buffer | undefined;
  /** What else the client passed in as LLB. */
  readonly inputs: Readonly<Record<string, Definition>>;
  /** The build context, if it is a URL. */
  readonly context: Definition | undefined;
}

const defaultFilename = "Dockerfile";

/** Reads the Dockerfile from where the stock frontend would read it. */
export async function readSource(bridge: Bridge, options: BuildOptions): Promise<Source> {
  const { dockerfilekey } = options.frontend;
  const remote = await openRemoteContext(bridge, options);
  const filename = remote?.filename ?? options.frontend.filename ?? defaultFilename;
  const own = localDockerfile(options, dockerfilekey ?? "dockerfile", filename);
  // It is mostly the client's own file, which is asked for along with what says so: nothing is sent before it is read.
  const [inputs, solved] = await Promise.all([bridge.inputs(), bridge.solve({ Definition: own })]);
  const elsewhere = dockerfilekey === undefined ? (remote?.definition ?? inputs.dockerfile) : undefined;
  const { result } = elsewhere ? await bridge.solve({ Definition: elsewhere }) : solved;
  if (result?.$case !== "ref") throw new LarderError("the build has no Dockerfile");
  const ref = result.value.id;
  const [text, ignore] = await Promise.all([
    readDockerfile(bridge, ref, filename),
    bridge.readFile(ref, `${filename}.dockerignore`).catch(() => undefined),
  ]);
  const definition = elsewhere ?? own;
  return { filename, text: text.toString("utf8"), definition, ignore, inputs, context: remote?.definition };
}

/**
 * To the last byte what the stock frontend asks for: then it is one step of the build for both, and the client sends
 * the file once.
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

/** Where there is no file of either spelling, the error is the one about the first. */
async function readDockerfile(bridge: Bridge, ref: string, filename: string): Promise<Buffer> {
  try {
    return await bridge.readFile(ref, filename);
  } catch (error) {
    for (const other of otherSpelling(filename)) {
      const text = await bridge.readFile(ref, other).catch(() => undefined);
      if (text) return text;
    }
    throw error;
  }
}
