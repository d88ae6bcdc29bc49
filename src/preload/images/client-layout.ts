/** `--build-context inner=oci-layout://...`: an image in a layout of the client, which sends it blob by blob. */
import { type ImageConfig, parseConfig } from "../../image/config.js";
import { digestOf } from "../../image/digest.js";
import type { InnerImage } from "../../image/inner-image.js";
import { messagePlatform, type Platform } from "../../image/platform.js";
import { formatReference, parseReference, type Reference } from "../../image/reference.js";
import { ociBlob, ociLayout } from "../../llb/source.js";
import type { Output } from "../../llb/state.js";
import type { NamedContext } from "../../upstream/named-context.js";
import type { Task } from "../build-context.js";
import type { ImageSource } from "./image-source.js";

export interface ClientLayout {
  /** The name of the context, for messages. */
  readonly name: string;
  readonly store: string;
  readonly sessionId: string;
  readonly platform: Platform;
  /** Digest of the index or manifest that the context names. */
  readonly digest: string;
  readonly config: ImageConfig;
  /** Digest of the config, which is the image's ID. */
  readonly imageId: string;
}

/** The builder that resolves images, and the client's request. */
export type Builder = Pick<Task, "bridge" | "options" | "request">;

/** ResolverTypeOCILayout of client/llb/sourceresolver. */
const ociLayoutResolver = 1;

/** @throws LarderError in the builder's words, if it has no such image for the platform. */
export async function resolveLayout(
  { bridge, options }: Builder,
  name: string,
  { store, digest }: Extract<NamedContext, { kind: "layout" }>,
  platform: Platform,
): Promise<ClientLayout> {
  const { sessionId } = options;
  const { Config } = await bridge.resolveImageConfig({
    Ref: referenceOf(name, digest),
    Platform: messagePlatform(platform),
    LogName: `[context ${name}] load metadata for ${name}`,
    ResolverType: ociLayoutResolver,
    SessionID: sessionId,
    StoreID: store,
  });
  const imageId = digestOf(Config);
  return { name, store, sessionId, platform, digest, config: parseConfig(Config), imageId };
}

/** The file system after each layer. BuildKit before 0.28 gives nothing else of such an image. */
export function layoutStates({ name, store, sessionId, platform, digest, config }: ClientLayout): Output[] {
  const count = config.rootfs?.diff_ids?.length ?? 0;
  return Array.from({ length: count }, (_, index) =>
    ociLayout(loadStep(name), referenceOf(name, digest), {
      sessionId,
      store,
      platform: messagePlatform(platform),
      layers: index + 1,
    }),
  );
}

/** The unchanged image. Its blobs come one by one. */
export function takeLayout(
  layout: ClientLayout,
  reference: Reference,
): { image: InnerImage; source: Extract<ImageSource, { kind: "blobs" }> } {
  const { digest, platform, config, imageId } = layout;
  return {
    image: { reference: { ...reference, digest }, platform, imageId, diffIds: config.rootfs?.diff_ids ?? [] },
    source: { kind: "blobs", blob: (blob) => blobOf(layout, blob) },
  };
}

function blobOf({ name, store, sessionId }: ClientLayout, digest: string): Output {
  return ociBlob(loadStep(name), referenceOf(name, digest), { sessionId, store });
}

function loadStep(name: string): string {
  return `[context ${name}] OCI load from client`;
}

function referenceOf(name: string, digest: string): string {
  const { domain, path } = parseReference(name);
  return formatReference({ domain, path, digest });
}
