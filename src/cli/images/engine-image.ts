/** Images of a Docker engine, of either store. */
import type { ContainerConfig, ImageConfig } from "../../image/config.js";
import type { Digest } from "../../image/digest.js";
import type { Platform } from "../../image/platform.js";
import { choosePlatform, ownPlatform } from "./choose-platform.js";
import { connectEngine, type Engine, engineError, isUnreachable, request } from "./engine.js";
import { ContainerFiles } from "./engine-files.js";
import { type EngineHistoryEntry, readEngineHistory } from "./engine-history.js";
import { EngineSave } from "./engine-save.js";
import type { OpenOptions } from "./open-options.js";
import type { OuterImage } from "./outer-image.js";

/** The members of `GET /images/{name}/json` that are read here. */
interface EngineImage {
  readonly Os: string;
  readonly Architecture: string;
  readonly Variant?: string;
  readonly Config?: ContainerConfig;
  readonly RootFS?: { readonly Layers?: readonly string[] };
  /** Of the containerd store, from Docker 28 on. */
  readonly Manifests?: readonly EngineManifest[];
}

interface EngineManifest {
  readonly Kind: string;
  readonly Available: boolean;
  readonly Descriptor: { readonly digest: Digest };
  readonly ImageData?: { readonly Platform: Platform };
}

/**
 * @param presence An engine that may be down counts as one that does not have the image, and the user is told.
 * @returns undefined if the engine does not have the image.
 */
export async function openEngineImage(
  name: string,
  reference: string,
  options: OpenOptions,
  presence: "must be up" | "may be down",
): Promise<OuterImage | undefined> {
  const engine = await connectEngine();
  try {
    return await findImage(engine, name, reference, options);
  } catch (thrown) {
    const error = engineError(thrown, engine);
    if (presence === "must be up" || !isUnreachable(error)) throw error;
    options.note(`${error.message}; looking for ${name} in its registry`);
    return undefined;
  }
}

async function findImage(
  engine: Engine,
  name: string,
  reference: string,
  options: OpenOptions,
): Promise<OuterImage | undefined> {
  const path = `/images/${reference}`;
  const first = await request<EngineImage>(engine, `${path}/json`, { manifests: "1" });
  if (!first) return undefined;
  const candidates = candidatesOf(first);
  const chosen = choosePlatform(name, candidates, options.platform, await enginePlatform(engine));
  const query = first.Manifests ? { platform: JSON.stringify(chosen.platform) } : {};
  const image = (await request<EngineImage>(engine, `${path}/json`, query)) ?? first;
  const entries = (await request<EngineHistoryEntry[]>(engine, `${path}/history`, query)) ?? [];
  const diffIds = image.RootFS?.Layers ?? [];
  const save = new EngineSave(engine, name, reference, chosen.platform);
  const known = readEngineHistory(entries, diffIds.length);
  const { config, sizes } = known
    ? { config: configOf(image, known.history), sizes: known.sizes }
    : { config: (await save.image(options)).config, sizes: [] };
  const files = new ContainerFiles(engine, reference, chosen.platform);
  return {
    name,
    source: "engine",
    ...(chosen.digest !== undefined && { digest: chosen.digest }),
    platform: chosen.platform,
    platforms: candidates.map(({ platform }) => platform),
    config,
    layers: diffIds.map((diffId, index) => {
      const unpacked = sizes[index];
      return { diffId, ...(unpacked !== undefined && { unpacked }) };
    }),
    openLayer: async (index) => (await save.image(options)).openLayer(index),
    readFile: (inside) => files.read(inside),
    close: async () => {
      await Promise.all([save.delete(), files.delete()]);
    },
  };
}

function candidatesOf(image: EngineImage): { digest?: Digest; platform: Platform }[] {
  const manifests = (image.Manifests ?? []).flatMap(({ Kind, Available, Descriptor, ImageData }) =>
    Kind === "image" && Available && ImageData
      ? [{ digest: Descriptor.digest, platform: ImageData.Platform }]
      : [],
  );
  return manifests.length > 0 ? manifests : [{ platform: platformOfImage(image) }];
}

function platformOfImage({ Os, Architecture, Variant }: EngineImage): Platform {
  return { os: Os, architecture: Architecture, ...(Variant && { variant: Variant }) };
}

function configOf(image: EngineImage, history: ImageConfig["history"]): ImageConfig {
  return {
    ...platformOfImage(image),
    config: image.Config ?? {},
    rootfs: { type: "layers", diff_ids: image.RootFS?.Layers ?? [] },
    ...(history && { history }),
  };
}

async function enginePlatform(engine: Engine): Promise<Platform> {
  const version = await request<{ Os?: string; Arch?: string }>(engine, "/version");
  return version?.Os && version.Arch ? { os: version.Os, architecture: version.Arch } : ownPlatform();
}
