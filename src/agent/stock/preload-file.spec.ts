import assert from "node:assert/strict";
import type { Preload, ShelvedImage } from "../job.js";
import { mergePreload } from "./preload-file.js";

function image(path: string, tag: string | undefined, imageId: string): ShelvedImage {
  const reference = {
    domain: "docker.io",
    path,
    ...(tag !== undefined && { tag }),
    digest: `sha256:${imageId}`,
  };
  return { reference, platform: { os: "linux", architecture: "amd64" }, store, imageId, diffIds: [] };
}

const store = "overlay2";

describe("mergePreload", () => {
  it("lets the newest image of a reference win, and sorts", () => {
    const earlier = {
      version: 1,
      images: [image("library/redis", "7", "1"), image("library/b", undefined, "2")],
    } as const;
    const merged = mergePreload(earlier, [image("library/redis", "7", "3"), image("library/a", "1", "4")], {
      store,
    });
    assert.deepEqual(
      merged.images.map(({ imageId }) => imageId),
      ["4", "2", "3"],
    );
  });

  it("keeps two images that have digests only", () => {
    const merged = mergePreload(
      { version: 1, images: [image("a/b", undefined, "1")] },
      [image("a/b", undefined, "2")],
      { store },
    );
    assert.equal(merged.images.length, 2);
  });

  it("keeps an image in each store and namespace that it was put into", () => {
    const redis = image("library/redis", "7", "1");
    const places = [
      { store: "containerd", namespace: "moby" },
      { store: "containerd", namespace: "k8s.io" },
      { store: "overlay2" },
    ] as const;
    const merged = places.reduce<Preload>((file, place) => mergePreload(file, [redis], place), {
      version: 1,
      images: [],
    });
    assert.deepEqual(
      merged.images.map(({ store, namespace }) => [store, namespace]),
      [
        ["containerd", "k8s.io"],
        ["containerd", "moby"],
        ["overlay2", undefined],
      ],
    );
  });
});
