/** An image that a Dockerfile or a build names, unchanged: its files and its config, without fired triggers. */

import { type ImageConfig, parseConfig } from "../../image/config.js";
import { messagePlatform, type Platform } from "../../image/platform.js";
import { formatReference, parseReference } from "../../image/reference.js";
import { image } from "../../llb/source.js";
import { fromDefinition, type Output } from "../../llb/state.js";
import { findNamedContext } from "../../upstream/named-context.js";
import { type Builder, layoutStates, resolveLayout } from "./client-layout.js";

export interface BaseImage {
  /** The file system after each step of the image, as far as known. The last one is the image's own. */
  readonly states: readonly Output[];
  readonly config: ImageConfig;
}

/** The image that FROM would use for this name. @returns undefined for scratch or a folder. */
export async function loadBaseImage(
  builder: Builder,
  name: string,
  platform: Platform,
): Promise<BaseImage | undefined> {
  if (name === "scratch") return undefined;
  const context = findNamedContext(builder.request, name, platform);
  if (!context) return loadImage(builder, name, platform);
  switch (context.kind) {
    case "image":
      return context.reference === "scratch" ? undefined : loadImage(builder, context.reference, platform);
    case "layout": {
      const layout = await resolveLayout(builder, name, context, platform);
      return { states: layoutStates(layout), config: layout.config };
    }
    case "input": {
      const state = fromDefinition(context.definition);
      return state && context.config && { states: [state], config: context.config };
    }
    case "files":
      return undefined;
  }
}

async function loadImage({ bridge, options }: Builder, name: string, platform: Platform): Promise<BaseImage> {
  const reference = parseReference(name);
  const resolveMode = options.frontend["image-resolve-mode"] ?? "default";
  const text = formatReference(reference);
  const Platform = messagePlatform(platform);
  const { Digest, Config } = await bridge.resolveImageConfig({
    Ref: text,
    Platform,
    ResolveMode: resolveMode,
    LogName: `[internal] load metadata for ${text}`,
  });
  // An image of the builder's own store may have no digest.
  const pinned = Digest && !reference.digest ? `${text}@${Digest}` : text;
  const state = image(`[larder] load ${text}`, pinned, { platform: Platform, resolveMode });
  return { states: [state], config: parseConfig(Config) };
}
