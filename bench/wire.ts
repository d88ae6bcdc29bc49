/** The bytes that a registry keeps and sends for inner images, as parts of a system image. */
import { type RegistryImage, registryImage } from "../test/harness/registry-image.js";
import type { BenchBuilder } from "./builder.js";
import type { BenchStore } from "./stores.js";

export interface Wire {
  readonly name: string;
  /** Of the distinct compressed layers of the inner images. */
  readonly inner: number;
  /** Of the distinct layers that PRELOAD adds. */
  readonly added: number;
}

/** Every store, and Docker's containerd store without blobs, too. */
export async function measureWire(
  builder: BenchBuilder,
  stores: readonly BenchStore[],
  images: readonly RegistryImage[],
): Promise<Wire[]> {
  const cases = stores.flatMap((store) => {
    const all = [{ name: store.name as string, base: store.base, flag: "" }];
    const without = { name: `${store.name}, --blobs=never`, base: store.base, flag: "--blobs=never " };
    return store.name === "docker-containerd" ? [...all, without] : all;
  });
  const references = images.map(({ reference }) => reference).join(" ");
  const inner = distinctBytes(images);
  const measured: Wire[] = [];
  for (const { name, base, flag } of cases) {
    const system = `${builder.newName()}:1`;
    await builder.build({ dockerfile: `${base}PRELOAD ${flag}${references}\n`, via: "direct", name: system });
    measured.push({ name, inner, added: distinctBytes([addedLayers(await registryImage(system))]) });
  }
  return measured;
}

type Layers = Pick<RegistryImage, "blobs" | "sizes">;

/** The history says which layers are of a PRELOAD. */
function addedLayers({ history, blobs, sizes }: RegistryImage): Layers {
  const lines = history.filter(({ empty_layer }) => !empty_layer);
  if (lines.length !== blobs.length) throw new Error("the history has other layers than the image");
  const isAdded = (_: unknown, k: number) => lines[k]?.created_by?.startsWith("PRELOAD ") ?? false;
  return { blobs: blobs.filter(isAdded), sizes: sizes.filter(isAdded) };
}

function distinctBytes(all: readonly Layers[]): number {
  const byDigest = new Map(all.flatMap(({ blobs, sizes }) => blobs.map((blob, k) => [blob, sizes[k] ?? 0])));
  return [...byDigest.values()].reduce((sum, size) => sum + size, 0);
}
