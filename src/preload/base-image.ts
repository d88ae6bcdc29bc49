/** An image that a Dockerfile or a build names, as it is: its files and its config, with nothing fired or changed. */
import type { StockRequest } from "../dockerfile/stock-frontend.js";
import { LarderError } from "../error.js";
import type { Bridge } from "../gateway/bridge.js";
import type { BuildOptions } from "../gateway/options.js";
import { type ImageConfig, parseConfig } from "../image/config.js";
import { messagePlatform, type Platform } from "../image/platform.js";
import { formatReference, parseReference } from "../image/reference.js";
import { image, ociLayout } from "../llb/source.js";
import { fromDefinition, type Output } from "../llb/state.js";
import { findNamedContext, type NamedContext } from "./named-context.js";

export interface BaseImage {
  /** The file system after each step that made it, as far as that is known; the last is the image's. */
  readonly states: readonly Output[];
  readonly config: ImageConfig;
}

interface Builder {
  readonly bridge: Bridge;
  readonly options: BuildOptions;
}

/** What FROM would take, of this name. @returns nothing for what is no image: scratch, a folder. */
export async function loadBaseImage(
  builder: Builder,
  request: StockRequest,
  name: string,
  platform: Platform,
): Promise<BaseImage | undefined> {
  if (name === "scratch") return undefined;
  const context = findNamedContext(request, name, platform);
  if (!context) return loadImage(builder, name, platform);
  switch (context.kind) {
    case "image":
      return context.reference === "scratch" ? undefined : loadImage(builder, context.reference, platform);
    case "layout":
      return loadLayout(builder, name, context, platform);
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

/** BuildKit gives no layer of such an image as it is, but the files after each of them. */
export async function loadLayout(
  { bridge, options }: Builder,
  name: string,
  { store, digest }: Extract<NamedContext, { kind: "layout" }>,
  platform: Platform,
): Promise<BaseImage> {
  const { domain, path } = parseReference(name);
  const reference = formatReference({ domain, path, digest });
  const Platform = messagePlatform(platform);
  const { Config } = await bridge.resolveImageConfig({
    Ref: reference,
    Platform,
    LogName: `[context ${name}] load metadata for ${name}`,
    ResolverType: ociLayoutResolver,
    SessionID: options.sessionId,
    StoreID: store,
  });
  const config = parseConfig(Config);
  const count = config.rootfs?.diff_ids?.length ?? 0;
  if (count === 0) throw new LarderError(`the image of the context "${name}" has no layers`);
  const states = Array.from({ length: count }, (_, index) =>
    ociLayout(`[context ${name}] OCI load from client`, reference, {
      sessionId: options.sessionId,
      store,
      platform: Platform,
      layers: index + 1,
    }),
  );
  return { states, config };
}

/** ResolverTypeOCILayout of client/llb/sourceresolver. */
const ociLayoutResolver = 1;
