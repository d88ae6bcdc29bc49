/** Archives of `docker save` from before Docker 25, and skopeo's: `manifest.json` lists the images. */
import { LarderError } from "../../error.js";
import { parseConfig, platformOf } from "../../image/config.js";
import { isObject } from "../../is-object.js";
import type { Files } from "./files.js";
import type { FoundImage, LayoutRequest } from "./found-image.js";

interface SavedImage {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
}

export async function readSavedImages(files: Files, { name, wanted }: LayoutRequest): Promise<FoundImage[]> {
  const text = await files.read("manifest.json");
  if (!text)
    throw new LarderError(
      `image "${name}": it has neither index.json nor manifest.json: it is no saved image and no OCI layout`,
    );
  const images = parseSaved(text.toString("utf8"));
  const list = images.flatMap(({ RepoTags }) => RepoTags).join(", ");
  const fitting = images.filter(({ RepoTags }) => wanted === undefined || RepoTags.includes(wanted));
  if (fitting.length === 0)
    throw new LarderError(`image "${name}": there is no "${wanted}"; there is: ${list}`);
  if (fitting.length > 1)
    throw new LarderError(`image "${name}": it has several; write one after a colon: ${list}`);
  return Promise.all(fitting.map((image) => readSavedImage(files, name, image)));
}

async function readSavedImage(
  files: Files,
  name: string,
  { Config, Layers }: SavedImage,
): Promise<FoundImage> {
  const bytes = await files.read(Config);
  if (!bytes) throw new LarderError(`image "${name}": its config ${Config} is not there: save it again`);
  const config = parseConfig(bytes);
  const blobs = await Promise.all(
    Layers.map(async (path) => {
      const size = await files.size(path);
      return { path, ...(size !== undefined && { size }) };
    }),
  );
  return { platform: platformOf(config), config, blobs };
}

function parseSaved(text: string): SavedImage[] {
  const value: unknown = JSON.parse(text);
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return list.filter(isObject).map(({ Config, RepoTags, Layers }) => ({
    Config: String(Config),
    RepoTags: stringsOf(RepoTags),
    Layers: stringsOf(Layers),
  }));
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
