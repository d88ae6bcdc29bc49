import { fileURLToPath } from "node:url";
import { output } from "../harness/command.js";
import { lab, labImage } from "../harness/lab.js";

export interface SmallImage {
  readonly tag: string;
  /** An image of the lab below the layers: `busybox:1`. */
  readonly base?: string;
  readonly layers: readonly SmallLayer[];
}

/** Paths of a layer: directories end with a slash, files contain their own path. The same paths make the same layer. */
export type SmallLayer = readonly string[];

/** @returns the images' references, in the same order. */
export async function pushSmallImages(name: string, images: readonly SmallImage[]): Promise<string[]> {
  const program = fileURLToPath(new URL("registry-push.ts", import.meta.url));
  const repository = labImage(`e2e/${name}`);
  const path = repository.slice(lab.registry.length + 1);
  const command = [process.execPath, "--import", "tsx", program, lab.registry, path];
  await output(lab.inNetwork, command, { input: JSON.stringify(images) });
  return images.map(({ tag }) => `${repository}:${tag}`);
}
