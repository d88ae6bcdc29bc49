/** Requests to upstream: the build that the client asked for, with other text or for a part of it. */
import type { Dockerfile } from "../dockerfile/parse.js";
import type { Bridge } from "../gateway/bridge.js";
import type { BuildOptions } from "../gateway/options.js";
import type { Definition } from "../gen/ops.js";
import { files, type NewFile } from "../llb/file.js";
import { marshal } from "../llb/marshal.js";
import type { Source, SourceFile } from "./read-dockerfile.js";
import { contextOption } from "./remote-context.js";

export interface UpstreamRequest {
  readonly options: Readonly<Record<string, string>>;
  readonly inputs: Readonly<Record<string, Definition>>;
}

/** A request and the client's file. */
export interface FileRequest {
  readonly request: UpstreamRequest;
  readonly source: Source;
}

/** A file that is being built. */
export interface FileBuild extends FileRequest {
  readonly bridge: Bridge;
  readonly dockerfile: Dockerfile;
}

/** The request with the client's own options. */
export function originalRequest(options: BuildOptions, { inputs }: SourceFile): UpstreamRequest {
  return { options: options.frontend, inputs };
}

/**
 * A request for the same build with another Dockerfile text. The option `dockerfilekey` goes, since upstream would
 * still read the client's file with it.
 */
export function withText({ request, source }: FileRequest, text: string): UpstreamRequest {
  const { filename, ignore, context } = source;
  const replaced = context
    ? ["dockerfilekey", "contextkey", contextOption(request.options)]
    : ["dockerfilekey"];
  const options = Object.fromEntries(
    Object.entries(request.options).filter(([key]) => !replaced.includes(key)),
  );
  const list: NewFile[] = [{ path: `/${filename}`, data: Buffer.from(text) }];
  if (ignore) list.push({ path: `/${filename}.dockerignore`, data: ignore });
  const dockerfile = marshal(files(`[internal] load build definition from ${filename}`, list));
  return {
    options: { ...options, filename },
    inputs: { ...request.inputs, ...(context && { context }), dockerfile },
  };
}

/** A request for the part above a cut: one platform, no attestations, none of the user's labels. */
export function asIntermediate(request: UpstreamRequest): UpstreamRequest {
  const dropped = /^(target$|label:|attest:|requestid$|build-arg:BUILDKIT_ATTEST_)/;
  const options = Object.fromEntries(Object.entries(request.options).filter(([key]) => !dropped.test(key)));
  return withoutWarnings({ ...request, options });
}

/** The option by which a build selects rules of the linter. */
export const checkArgument = "build-arg:BUILDKIT_DOCKERFILE_CHECK";

/** A request without warnings, for answers that are not shown and for warnings that have been printed. */
export function withoutWarnings(request: UpstreamRequest): UpstreamRequest {
  return { ...request, options: { ...request.options, [checkArgument]: "skip=all" } };
}
