import type { Platform } from "./platform.js";

/** The parts of an image config that Larder reads or changes. All other parts are kept. */
export interface ImageConfig {
  readonly os?: string;
  readonly architecture?: string;
  readonly variant?: string;
  readonly config?: ContainerConfig;
  readonly rootfs?: { readonly type?: string; readonly diff_ids?: readonly string[] };
  readonly history?: readonly HistoryEntry[];
  readonly [other: string]: unknown;
}

export interface ContainerConfig {
  readonly Env?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Labels?: Readonly<Record<string, string>>;
  readonly OnBuild?: readonly string[] | null;
  readonly [other: string]: unknown;
}

export interface HistoryEntry {
  /** RFC 3339. */
  readonly created?: string;
  readonly created_by?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
  readonly [other: string]: unknown;
}

/** @throws Error if the bytes are not the JSON of an image config. */
export function parseConfig(bytes: Uint8Array): ImageConfig {
  const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
  if (typeof value !== "object" || value === null) throw new Error("the image config is not an object");
  return value as ImageConfig;
}

export function encodeConfig(config: ImageConfig): Buffer {
  return Buffer.from(JSON.stringify(config));
}

/** Values of Env by name. */
export function environmentOf(config: ImageConfig): ReadonlyMap<string, string> {
  return new Map(
    (config.config?.Env ?? []).map((entry) => {
      const equals = entry.indexOf("=");
      return [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}

/** The platform of an image. A config that names none is for linux/amd64. */
export function platformOf({ os, architecture, variant }: ImageConfig): Platform {
  return { os: os ?? "linux", architecture: architecture ?? "amd64", ...(variant && { variant }) };
}

/** The number of layers. A base image without a history has only diffIDs to count. */
export function countLayers({ history = [], rootfs }: ImageConfig): number {
  return Math.max(history.filter((entry) => !entry.empty_layer).length, rootfs?.diff_ids?.length ?? 0);
}

export function labelsOf(config: ImageConfig): Readonly<Record<string, string>> {
  return config.config?.Labels ?? {};
}

/** The config with these labels only. Without labels, the config has no such field. */
export function withLabels(config: ImageConfig, labels: Readonly<Record<string, string>>): ImageConfig {
  const { Labels: _, ...container } = config.config ?? {};
  const sorted = Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { ...config, config: { ...container, ...(Object.keys(sorted).length > 0 && { Labels: sorted }) } };
}
