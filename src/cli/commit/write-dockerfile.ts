/** The Dockerfile that puts the inner images on the shelf of the container's files. */
import { formatPlatform, type Platform } from "../../image/platform.js";

/** The named context with the layout of the inner images. */
export const layoutContext = "larder-inner";

export interface WrittenImage {
  /** As the layout names it. */
  readonly name: string;
  readonly namespace?: string;
  readonly platform: Platform;
  readonly lacksBlobs: boolean;
}

/**
 * @param base the image with the container's files, for this platform.
 * @param frontend Larder's frontend image.
 */
export function writeDockerfile(
  base: { readonly name: string; readonly platform: Platform },
  images: readonly WrittenImage[],
  frontend: string,
): string {
  const groups = new Map<string, string[]>();
  for (const image of images) {
    const flags = flagsOf(image, base.platform).join(" ");
    groups.set(flags, [...(groups.get(flags) ?? []), image.name]);
  }
  const preloads = [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([flags, names]) => {
      const words = [...new Set(names)].sort().join("\n");
      return `PRELOAD ${flags} <<"EOF"\n${words}\nEOF\n`;
    });
  return `# syntax=${frontend}\n# check=skip=all\nFROM ${base.name}\n${preloads.join("")}`;
}

function flagsOf({ namespace, platform, lacksBlobs }: WrittenImage, stage: Platform): string[] {
  const wanted = formatPlatform(platform);
  return [
    "--via=direct",
    `--from=${layoutContext}`,
    ...(namespace === undefined ? [] : [`--namespace=${namespace}`]),
    ...(wanted === formatPlatform(stage) ? [] : [`--platform=${wanted}`]),
    ...(lacksBlobs ? ["--blobs=never"] : []),
  ];
}
