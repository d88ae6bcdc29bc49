import { fileURLToPath } from "node:url";
import { output } from "../harness/command.js";
import { lab, labImage } from "../harness/lab.js";

/** An image of layers with one file each. */
export interface SmallImage {
  readonly tag: string;
  /** Names of its layers, which are also those of their files; the same name is the same layer. */
  readonly layers: readonly string[];
}

/** @returns the images' references, in the same order. */
export async function pushSmallImages(name: string, images: readonly SmallImage[]): Promise<string[]> {
  const program = fileURLToPath(new URL("registry-push.ts", import.meta.url));
  const command = [process.execPath, "--import", "tsx", program, lab.registry, `e2e/${name}`];
  await output(lab.inNetwork, command, { input: JSON.stringify(images) });
  return images.map(({ tag }) => labImage(`e2e/${name}:${tag}`));
}
