/** Layers and numbers of layers that few images have. */
import type { Via } from "../test/harness/build.js";
import { type Runs, takeTurns } from "./build.js";
import { type ImageShape, pushGenerated } from "./build-images.js";
import type { BenchBuilder } from "./builder.js";

/** A layer of 3 GB compressed, one of 500,000 files, and one of 10 GB of zeros. */
export const extremeShapes: readonly ImageShape[] = [
  { megabytes: 6500, files: "large", layers: 1 },
  { megabytes: 100, files: "tiny", layers: 1 },
  { megabytes: 10_000, files: "zeros", layers: 1 },
];

/** Four images of 120 layers, none of which they share. */
export const manyShapes: readonly ImageShape[] = Array.from({ length: 4 }, (_, k) => ({
  megabytes: 2,
  files: "small",
  layers: 120,
  seed: `many-${k}`,
}));

/** All of them in one PRELOAD, on a builder that knows nothing of them. */
export async function measureMany(builder: BenchBuilder, base: string, rounds: number): Promise<Runs<Via>> {
  const references: string[] = [];
  for (const shape of manyShapes) references.push((await pushGenerated(shape)).reference);
  const dockerfile = `${base}PRELOAD ${references.join(" ")}\n`;
  return takeTurns(["direct", "daemon"], rounds, async (via) => {
    await builder.forget();
    return builder.build({ dockerfile, via });
  });
}
