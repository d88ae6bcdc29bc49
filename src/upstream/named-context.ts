/** The replacement that `--build-context NAME=...` gives for a name, found as upstream finds it. */

import type { Definition } from "../gen/ops.js";
import { type ImageConfig, parseConfig } from "../image/config.js";
import { formatPlatform, type Platform } from "../image/platform.js";
import { familiarReference, parseReference } from "../image/reference.js";
import type { UpstreamRequest } from "./request.js";

export type NamedContext =
  /** `docker-image://`: an image from a registry or the builder's own store. */
  | { readonly kind: "image"; readonly reference: string }
  /** `oci-layout://`: an image in a layout of the client. */
  | { readonly kind: "layout"; readonly store: string; readonly digest: string }
  /** `target:` of a bake file, or LLB from another frontend, with the config of an image. */
  | { readonly kind: "input"; readonly definition: Definition; readonly config: ImageConfig | undefined }
  /** A folder, a git repository, an archive. */
  | { readonly kind: "files"; readonly value: string };

/** @param name of a stage, or the word after FROM or `--from=`. */
export function findNamedContext(
  { options, inputs }: UpstreamRequest,
  name: string,
  platform: Platform,
): NamedContext | undefined {
  const familiar = contextName(name);
  const value = options[`context:${familiar}::${formatPlatform(platform)}`] ?? options[`context:${familiar}`];
  if (value === undefined) return undefined;
  const [scheme, rest = ""] = value.split(/:(.*)/s);
  switch (scheme) {
    case "docker-image":
      return { kind: "image", reference: rest.replace(/^\/\//, "") };
    case "oci-layout": {
      const [store = "", digest = ""] = rest.replace(/^\/\//, "").split("@");
      return { kind: "layout", store: store.replace(/:[^/:]*$/, ""), digest };
    }
    case "input": {
      const definition = inputs[rest];
      if (!definition) return undefined;
      const metadata = JSON.parse(options[`input-metadata:${rest}`] ?? "{}") as Record<string, string>;
      const config = metadata["containerimage.config"];
      return {
        kind: "input",
        definition,
        config: config === undefined ? undefined : parseConfig(Buffer.from(config, "base64")),
      };
    }
    default:
      return { kind: "files", value };
  }
}

/** The names of contexts are in Docker's familiar form, without `:latest`. */
export function contextName(name: string): string {
  try {
    return familiarReference(parseReference(name.toLowerCase())).replace(/:latest$/, "");
  } catch {
    return name.toLowerCase();
  }
}
