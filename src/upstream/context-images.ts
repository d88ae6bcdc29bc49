import { encodeConfig, type ImageConfig } from "../image/config.js";
import { marshal } from "../llb/marshal.js";
import type { Output } from "../llb/state.js";
import type { UpstreamRequest } from "./request.js";

/** An image that a file builds FROM by the name of a context. */
export interface ContextImage {
  readonly context: string;
  readonly state: Output;
  readonly config: ImageConfig;
}

/** The request with these images, which the file that upstream is given may name. */
export function withImages(request: UpstreamRequest, images: readonly ContextImage[]): UpstreamRequest {
  const options = images.flatMap(({ context, config }) => {
    const metadata = { "containerimage.config": encodeConfig(config).toString("base64") };
    return [
      [`context:${context}`, `input:${context}`],
      [`input-metadata:${context}`, JSON.stringify(metadata)],
    ];
  });
  const inputs = images.map(({ context, state }) => [context, marshal(state)]);
  return {
    options: { ...request.options, ...Object.fromEntries(options) },
    inputs: { ...request.inputs, ...Object.fromEntries(inputs) },
  };
}
