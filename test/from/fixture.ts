import { readFileSync } from "node:fs";
import { output } from "../harness/command.js";
import { lab } from "../harness/lab.js";
import type { SystemContainer } from "../harness/system-container.js";

export const dockerfile = readFileSync(new URL("Dockerfile", import.meta.url), "utf8");
export const values = ["--build-arg", `REGISTRY=${lab.registry}`, "--build-arg", "VERSION=2"];

export interface RawConfig {
  readonly config: Record<string, unknown>;
  readonly history: readonly Record<string, unknown>[];
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

/** An image's config in the inner Docker. */
export async function innerConfig(container: SystemContainer, image: string): Promise<RawConfig> {
  const config = 'tar -xOf /saved.tar manifest.json | sed \'s/.*"Config":"\\([^"]*\\)".*/\\1/\'';
  const script = `docker save ${image} >/saved.tar && tar -xOf /saved.tar "$(${config})"; rm /saved.tar`;
  return JSON.parse(await container.exec("sh", "-c", script));
}

export async function registryConfig(image: string): Promise<RawConfig> {
  const inspect = ["inspect", "--tls-verify=false", "--config", "--raw", `docker://${image}`];
  return JSON.parse(await output(lab.skopeo, inspect));
}

/** The config without times: those of a build's own steps come from the clock or the exporter. */
export function withoutTimes({ history, ...rest }: RawConfig): unknown {
  const { created: _, ...image } = rest as Record<string, unknown>;
  return { ...image, history: history.map(({ created: _, ...entry }) => entry) };
}

/** The config with the number of layers instead of their digests. */
export function withoutDigests({ rootfs, ...rest }: RawConfig): RawConfig {
  return { ...rest, rootfs: { diff_ids: rootfs.diff_ids.map((_, index) => `layer ${index + 1}`) } };
}
