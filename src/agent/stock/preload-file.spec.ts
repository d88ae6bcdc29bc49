import assert from "node:assert/strict";
import type { InnerImage } from "../../image/inner-image.js";
import { mergePreload } from "./preload-file.js";

function image(path: string, tag: string | undefined, imageId: string): InnerImage {
  const reference = {
    domain: "docker.io",
    path,
    ...(tag !== undefined && { tag }),
    digest: `sha256:${imageId}`,
  };
  return { reference, platform: { os: "linux", architecture: "amd64" }, imageId, diffIds: [] };
}

describe("mergePreload", () => {
  it("lets the newest image of a reference win, and sorts", () => {
    const earlier = {
      version: 1,
      images: [image("library/redis", "7", "1"), image("library/b", undefined, "2")],
    } as const;
    const merged = mergePreload(earlier, [image("library/redis", "7", "3"), image("library/a", "1", "4")]);
    assert.deepEqual(
      merged.images.map(({ imageId }) => imageId),
      ["4", "2", "3"],
    );
  });

  it("keeps two images that have digests only", () => {
    const merged = mergePreload({ version: 1, images: [image("a/b", undefined, "1")] }, [
      image("a/b", undefined, "2"),
    ]);
    assert.equal(merged.images.length, 2);
  });
});
