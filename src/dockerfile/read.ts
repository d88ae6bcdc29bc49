import { LarderError } from "../error.js";
import type { Bridge } from "../gateway/bridge.js";
import type { BuildOptions } from "../gateway/options.js";
import type { Definition } from "../gen/ops.js";
import { marshal } from "../llb/marshal.js";
import { local } from "../llb/source.js";
import { openRemoteContext, type RemoteContext } from "./remote-context.js";

/** The Dockerfile as the client gave it. */
export interface Source {
  readonly filename: string;
  readonly text: string;
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
  const [inputs, remote] = await Promise.all([bridge.inputs(), openRemoteContext(bridge, options)]);
  const filename = remote?.filename ?? options.frontend.filename ?? defaultFilename;
  const candidates = filename === defaultFilename ? [filename, "dockerfile"] : [filename];
  const { result } = await bridge.solve({ Definition: findDockerfile(options, inputs, remote, candidates) });
  if (result?.$case !== "ref") throw new LarderError("the build has no Dockerfile");
  const ref = result.value.id;
  const [text, ignore] = await Promise.all([
    readFirst(bridge, ref, candidates),
    bridge.readFile(ref, `${filename}.dockerignore`).catch(() => undefined),
  ]);
  return { filename, text: text.toString("utf8"), ignore, inputs, context: remote?.definition };
}

function findDockerfile(
  options: BuildOptions,
  inputs: Readonly<Record<string, Definition>>,
  remote: RemoteContext | undefined,
  candidates: readonly string[],
): Definition {
  const { dockerfilekey } = options.frontend;
  const elsewhere = remote?.definition ?? inputs.dockerfile;
  if (dockerfilekey === undefined && elsewhere) return elsewhere;
  return marshal(localDockerfile(options, dockerfilekey ?? "dockerfile", candidates));
}

function localDockerfile(options: BuildOptions, name: string, candidates: readonly string[]) {
  return local(`[internal] load build definition from ${candidates[0]}`, {
    name,
    sessionId: options.frontend[`local-sessionid:${name}`] ?? options.sessionId,
    followPaths: [...candidates, `${candidates[0]}.dockerignore`],
  });
}

/** The first candidate that exists; the error is the one about the first. */
async function readFirst(bridge: Bridge, ref: string, candidates: readonly string[]): Promise<Buffer> {
  const attempts = await Promise.allSettled(candidates.map((path) => bridge.readFile(ref, path)));
  const found = attempts.find((attempt) => attempt.status === "fulfilled");
  if (found) return found.value;
  const first = attempts[0];
  throw LarderError.from(first?.status === "rejected" ? first.reason : new Error("no Dockerfile was named"));
}
