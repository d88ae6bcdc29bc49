import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { parseReference } from "../../image/reference.js";
import type { ShelvedImage } from "../../shelf/preload-file.js";
import { chooseImages } from "./choose-images.js";
import { describeGiven } from "./describe-given.js";
import { namesOf, readTable } from "./inner/containerd.js";
import { namesInGraphDriver } from "./inner/docker.js";
import { demultiplex } from "./inner/exec.js";
import type { ListedImage } from "./inner/manager.js";
import { reasonIn } from "./run-build.js";
import { writeDockerfile } from "./write-dockerfile.js";

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const amd64 = { os: "linux", architecture: "amd64" };

describe("choose-images", () => {
  const listed = (name: string, target: string): ListedImage => ({ reference: parseReference(name), target });
  const shelved = (name: string, imageId: string): ShelvedImage => ({
    reference: { ...parseReference(name), digest: digest("f") },
    platform: amd64,
    store: "overlay2",
    imageId,
    diffIds: [],
  });
  const images = [listed("redis:7", digest("1")), listed("app:1", digest("2")), listed("old:1", digest("4"))];
  const onShelf = [
    shelved("redis:7", digest("1")),
    shelved("old:1", digest("3")),
    shelved("gone:1", digest("5")),
  ];
  const names = (list: readonly ListedImage[]) => list.map(({ reference }) => reference.path);

  it("takes what the shelf lacks, and an image that is another one by now", () => {
    const { taken, shelved, returning } = chooseImages(images, onShelf, { only: [], except: [] });
    assert.deepEqual(names(taken), ["library/app", "library/old"]);
    assert.deepEqual(names(shelved), ["library/redis"]);
    assert.deepEqual(returning, ["gone:1"]);
  });

  it("takes those of --only without those of --except", () => {
    const wishes = { only: ["redis:7", "app:1"], except: ["docker.io/library/redis:7"] };
    const { taken, shelved, returning } = chooseImages(images, onShelf, wishes);
    assert.deepEqual(
      [names(taken), shelved, returning],
      [["library/app"], [], ["gone:1", "old:1", "redis:7"]],
    );
    assert.throws(
      () => chooseImages(images, onShelf, { only: [], except: ["redis:8"] }),
      /--except=redis:8: the container has no such image; it has app:1, old:1, redis:7$/,
    );
  });
});

describe("names of inner images", () => {
  it("in the graph driver: a digest stands for the tags of its repository, or alone", () => {
    const found = namesInGraphDriver({
      Id: digest("1"),
      RepoTags: ["redis:7", "mine:2"],
      RepoDigests: [`redis@${digest("a")}`, `redis@${digest("b")}`, `other@${digest("c")}`],
    });
    assert.deepEqual(
      found.map(({ reference: { path, tag, digest }, repoDigest }) => [path, tag ?? digest, repoDigest]),
      [
        ["library/redis", "7", digest("a")],
        ["library/mine", "2", null],
        ["library/redis", digest("b"), digest("b")],
        ["library/other", digest("c"), digest("c")],
      ],
    );
  });

  it("in containerd: of the three names for CRI, the tag", () => {
    const rows = readTable(
      [
        "REF TYPE DIGEST SIZE",
        `docker.io/library/redis:7 application/x ${digest("a")} 1 MiB`,
        `docker.io/library/redis@${digest("a")} application/x ${digest("a")} 1 MiB`,
        `${digest("1")} application/x ${digest("a")} 1 MiB`,
        `Odd_Name application/x ${digest("b")} 1 MiB`,
        `docker.io/library/pause@${digest("c")}   application/x   ${digest("c")} 1 MiB`,
      ].join("\n"),
    );
    assert.deepEqual(
      namesOf(rows).map(({ reference }) => reference.tag ?? reference.digest),
      ["7", digest("c")],
    );
  });
});

describe("demultiplex", () => {
  it("puts frames together, in whatever parts they come", async () => {
    const frame = (output: number, text: string) => {
      const header = Buffer.from([output, 0, 0, 0, 0, 0, 0, text.length]);
      return Buffer.concat([header, Buffer.from(text)]);
    };
    const bytes = Buffer.concat([frame(1, "out"), frame(2, "error"), frame(1, ""), frame(1, " more")]);
    for (const size of [1, 3, 9, 100]) {
      const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
        bytes.subarray(n * size, (n + 1) * size),
      );
      const errors: Buffer[] = [];
      const output: Buffer[] = [];
      for await (const part of demultiplex(Readable.from(parts), errors)) output.push(part);
      assert.equal(Buffer.concat(output).toString(), "out more", `parts of ${size} bytes`);
      assert.equal(Buffer.concat(errors).toString(), "error");
    }
  });
});

describe("describe-given", () => {
  const reference = parseReference("redis:7");
  const taken = (digit: string) => ({
    top: { mediaType: "application/x", digest: digest(digit), size: 1 },
    platform: amd64,
    shelved: [],
    lacksBlobs: false,
    blobs: [],
  });

  it("leaves out what is there in part, and a second image of one name", () => {
    const images = [
      { reference, target: digest("1"), namespace: "default" },
      { reference, target: digest("2"), namespace: "k8s.io" },
      { reference: parseReference("app:1"), target: digest("3"), namespace: "default" },
    ];
    const found = new Map<string, ReturnType<typeof taken> | string>([
      [digest("1"), taken("1")],
      [digest("2"), taken("2")],
      [digest("3"), "its layer is missing"],
    ]);
    const { entries, leftOut } = describeGiven(images, found);
    assert.deepEqual(
      entries.map((entry) => entry.digest),
      [digest("1")],
    );
    assert.deepEqual(
      leftOut.map(({ name, reason }) => `${name}: ${reason}`),
      [
        "redis:7: in the namespace k8s.io it is another image than in an earlier one",
        "app:1: it is there in part only (its layer is missing)",
      ],
    );
  });

  it("gives an image of two namespaces to both", () => {
    const both = ["default", "k8s.io"].map((namespace) => ({ reference, target: digest("1"), namespace }));
    const { entries, images } = describeGiven(both, new Map([[digest("1"), taken("1")]]));
    assert.deepEqual([entries.length, images.map(({ namespace }) => namespace)], [1, ["default", "k8s.io"]]);
  });
});

describe("write-dockerfile", () => {
  it("has a PRELOAD for each namespace, platform and kind of blobs", () => {
    const image = { platform: amd64, lacksBlobs: false };
    const arm = { os: "linux", architecture: "arm64" };
    const text = writeDockerfile(
      { name: "larder-commit:1", platform: amd64 },
      [
        { ...image, name: "b:1" },
        { ...image, name: "a:1" },
        { ...image, name: "c:1", platform: arm },
        { ...image, name: "d:1", namespace: "k8s.io" },
        { ...image, name: "e:1", lacksBlobs: true },
      ],
      "larder/dockerfile:1",
    );
    assert.equal(
      text,
      `# syntax=larder/dockerfile:1
# check=skip=all
FROM larder-commit:1
PRELOAD --via=direct --from=larder-inner <<"EOF"
a:1
b:1
EOF
PRELOAD --via=direct --from=larder-inner --blobs=never <<"EOF"
e:1
EOF
PRELOAD --via=direct --from=larder-inner --namespace=k8s.io <<"EOF"
d:1
EOF
PRELOAD --via=direct --from=larder-inner --platform=linux/arm64 <<"EOF"
c:1
EOF
`,
    );
  });
});

describe("run-build", () => {
  it("finds BuildKit's error, and a missing buildx", () => {
    const log = "#5 ERROR: x\n------\n > step:\n------\nERROR: failed to build: failed to solve: x\n";
    assert.equal(reasonIn(log), "failed to solve: x");
    assert.match(reasonIn("unknown flag: --builder\ndocker buildx ..."), /install the plugin docker-buildx/);
  });
});
