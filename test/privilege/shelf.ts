import { registryImage } from "../harness/registry-image.js";

/** For each outer layer that holds inner layers: its line of history, and its diffID. */
export async function shelfOf(reference: string): Promise<readonly (readonly [string, string])[]> {
  const { history, diffIds } = await registryImage(reference);
  const layers = history.filter((entry) => entry.empty_layer !== true);
  return layers
    .map(({ created_by = "" }, index) => [created_by, diffIds[index] ?? ""] as const)
    .filter(([line]) => /^PRELOAD .*sha256:/.test(line));
}
