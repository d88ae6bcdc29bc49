import { encodeConfig, type ImageConfig } from "../image/config.js";
import { marshal } from "../llb/marshal.js";
import type { Output } from "../llb/state.js";
import type { UpstreamRequest } from "./request.js";

/** An image that has the name of a context, for a FROM in the file. */
export interface ContextImage {
  readonly context: string;
  readonly state: Output;
  readonly config: ImageConfig;
}

/** Adds these images to the request. The text for upstream may name them. */
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
