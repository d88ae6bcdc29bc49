import assert from "node:assert/strict";
import {
  formatPreload,
  mergePreload,
  type Preload,
  parsePreload,
  type ShelvedImage,
} from "./preload-file.js";

const stores = ["overlay2", "containerd"];

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

describe("parsePreload", () => {
  const digest = `sha256:${"0".repeat(64)}`;
  const good: ShelvedImage = {
    reference: { domain: "docker.io", path: "library/redis", tag: "7", digest },
    platform: { os: "linux", architecture: "arm64" },
    store: "containerd",
    namespace: "k8s.io",
    imageId: digest,
    diffIds: [digest],
  };

  it("accepts the files that PRELOAD wrote", () => {
    const file: Preload = { version: 1, images: [good, { ...good, store: "overlay2" }] };
    assert.deepEqual(parsePreload(formatPreload(file), stores), file);
  });

  it("refuses the file of a later Larder, and gives the way out", () => {
    assert.throws(
      () => parsePreload('{"version":2}', stores),
      /version 2, made by a later Larder.*use a frontend as new/,
    );
  });

  const { reference } = good;
  const wrongImages = {
    "no object": 7,
    "no reference": { ...good, reference: null },
    "no digest": { ...good, reference: { ...reference, digest: undefined } },
    "a tag that is no string": { ...good, reference: { ...reference, tag: 7 } },
    "another store": { ...good, store: "../overlay2" },
    "a diffID that is a path": { ...good, diffIds: ["sha256:../../../etc"] },
    "no diffIDs": { ...good, diffIds: undefined },
  };
  for (const [what, image] of Object.entries(wrongImages)) {
    it(`refuses an image with ${what}`, () => {
      const text = JSON.stringify({ version: 1, images: [good, image] });
      assert.throws(
        () => parsePreload(text, stores),
        /preload.json is none of Larder's \(images\[1\] is none\)/,
      );
    });
  }

  for (const text of ["", "{", "null", "[]", "{}", '{"version":"1","images":[]}', '{"version":1}']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parsePreload(text, stores), /the base image's .*preload.json is none of Larder's/);
    });
  }
});
