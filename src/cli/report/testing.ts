/** System images for specs, without any source. */
import type { ImageConfig } from "../../image/config.js";
import { type Digest, digestOf } from "../../image/digest.js";
import type { ShelvedImage } from "../../shelf/preload-file.js";
import type { OuterImage, OuterLayer, SourceName } from "../images/outer-image.js";

/** A digest that this word stands for. */
export function fakeDigest(word: string): Digest {
  return digestOf(Buffer.from(word));
}

export interface FakeLayer {
  /** Names the layer's content. */
  readonly word: string;
  readonly history?: string;
  readonly compressed?: number;
  readonly unpacked?: number;
}

/** An outer image with these layers, lowest first. Nothing of them can be opened. */
export function fakeOuter(name: string, source: SourceName, layers: readonly FakeLayer[]): OuterImage {
  const outerLayers = layers.map(({ word, compressed, unpacked }): OuterLayer => {
    const blob = {
      digest: fakeDigest(`blob ${word}`),
      mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
    };
    return {
      diffId: String(fakeDigest(word)),
      ...(compressed !== undefined && { ...blob, size: compressed }),
      ...(unpacked !== undefined && { unpacked }),
    };
  });
  const config: ImageConfig = {
    rootfs: { type: "layers", diff_ids: outerLayers.map(({ diffId }) => diffId) },
    history: layers.map(({ history = "RUN something" }) => ({
      created_by: history,
      ...(history.startsWith("PRELOAD ") && { comment: "larder" }),
    })),
  };
  const platform = { os: "linux", architecture: "amd64" };
  return {
    name,
    source,
    digest: fakeDigest(name),
    platform,
    platforms: [platform],
    config,
    layers: outerLayers,
    openLayer: () => Promise.reject(new Error("a fake layer cannot be opened")),
    close: async () => {},
  };
}

/** `redis:7` with these inner layers, as preload.json has it. */
export function fakeShelved(name: string, layers: readonly string[], store = "overlay2"): ShelvedImage {
  const [path = "", tag = "latest"] = name.split(":");
  return {
    reference: { domain: "docker.io", path: `library/${path}`, tag, digest: fakeDigest(`index ${name}`) },
    platform: { os: "linux", architecture: "amd64" },
    store,
    ...(store === "containerd" && { namespace: "moby" }),
    imageId: fakeDigest(`config ${name}`),
    diffIds: layers.map((word) => String(fakeDigest(`inner ${word}`))),
  };
}

/** The history line of an outer layer with one inner layer. */
export function filesOf(image: string, position: number, of: number, word: string): string {
  return `PRELOAD ${image}, layer ${position} of ${of}, ${fakeDigest(`inner ${word}`)}`;
}
