import assert from "node:assert/strict";
import { LarderError } from "../../error.js";
import { formatReference } from "../../image/reference.js";
import { type Directive, parseDirective, withListed } from "./directive.js";
import { placedError } from "./fault.js";

const lines = { start: 3, end: 4 };

/** Expands each word to itself, except for the given ones. */
function parse(words: readonly string[], expanded: Readonly<Record<string, string>> = {}): Directive {
  return atBoundary(() =>
    parseDirective(
      words,
      words.map((word) => expanded[word] ?? word),
      lines,
    ),
  );
}

function atBoundary<Value>(work: () => Value): Value {
  try {
    return work();
  } catch (thrown) {
    throw placedError(thrown, lines);
  }
}

const names = ({ images }: Directive): string[] => images.map(({ reference }) => formatReference(reference));

describe("parseDirective", () => {
  it("takes images, in order", () => {
    const directive = parse(["redis", "ghcr.io/a/b:1"]);
    assert.deepEqual(names(directive), ["docker.io/library/redis:latest", "ghcr.io/a/b:1"]);
    assert.deepEqual(
      directive.images.map(({ text }) => text),
      ["redis", "ghcr.io/a/b:1"],
    );
    assert.deepEqual(directive.lines, lines);
    assert.equal(directive.platform, undefined);
    assert.equal(directive.network, undefined);
  });

  it("takes flags anywhere, the last one of a name", () => {
    const directive = parse(["--network=none", "a", "--platform=linux/arm64/v8", "--network=host"]);
    assert.deepEqual(directive.platform, { os: "linux", architecture: "arm64" });
    assert.equal(directive.network, "host");
    assert.deepEqual(names(directive), ["docker.io/library/a:latest"]);
  });

  it("takes any number of images from one variable", () => {
    assert.deepEqual(names(parse(["$ALL", "c"], { $ALL: " a\tb:2 " })), [
      "docker.io/library/a:latest",
      "docker.io/library/b:2",
      "docker.io/library/c:latest",
    ]);
    assert.deepEqual(names(parse(["$NONE", "c"], { $NONE: "" })), ["docker.io/library/c:latest"]);
  });

  it("takes no flag from a variable", () => {
    assert.throws(() => parse(["$ALL"], { $ALL: "--network=host a" }), /PRELOAD: image "--network=host"/);
  });

  it("expands the value of a flag", () => {
    assert.equal(parse(["--network=$N", "a"], { "--network=$N": "--network=none" }).network, "none");
  });

  it("takes an image that is named twice once", () => {
    assert.deepEqual(names(parse(["redis", "docker.io/library/redis:latest", "redis:7"])), [
      "docker.io/library/redis:latest",
      "docker.io/library/redis:7",
    ]);
  });

  it("takes the names of files, which name images later, and an origin", () => {
    const { from, lists, composes, images } = parse([
      "--list=a",
      "--from=x",
      "--compose=b",
      "--list=c",
      "--from=y",
    ]);
    assert.deepEqual(
      { from, lists, composes, images },
      { from: "y", lists: ["a", "c"], composes: ["b"], images: [] },
    );
  });

  it("has the images of its files after its own, each once", () => {
    const listed = ["b:1", "a:latest", "c"].map((word, index) => ({ word, where: `l:${index + 1}` }));
    assert.deepEqual(names(withListed(parse(["a", "--list=l"]), listed)), [
      "docker.io/library/a:latest",
      "docker.io/library/b:1",
      "docker.io/library/c:latest",
    ]);
  });

  it("gives the place of an image in a file", () => {
    const listed = [{ word: "b:1", where: "l.txt:7" }];
    assert.deepEqual(withListed(parse(["--list=l.txt"]), listed).images[0]?.where, "l.txt:7");
    assert.throws(
      () => atBoundary(() => withListed(parse(["--list=l.txt"]), [{ word: "Foo", where: "l.txt:8" }])),
      {
        message: 'PRELOAD: image "Foo" (l.txt:8): repository name must be lowercase',
      },
    );
  });

  it("gives each image the line that its word is on", () => {
    const places = [3, 4].map((line) => ({ start: line, end: line }));
    const { images } = parseDirective(["a", "$BC"], ["a", "b c"], lines, { places });
    assert.deepEqual(
      images.map((image) => image.lines.start),
      [3, 4, 4],
    );
  });

  it("refuses files that name nothing", () => {
    for (const [words, message] of [
      [["--list=a", "--compose=b"], 'PRELOAD: --list="a, b" names no image; write one a line'],
      [["--compose=b"], 'PRELOAD: --compose="b" names no image; give its services images'],
    ] as const)
      assert.throws(() => atBoundary(() => withListed(parse(words), [])), { message });
  });

  const targets: [words: string[], target: object][] = [
    [[], {}],
    [["--blobs=auto"], {}],
    [["--store=docker"], { manager: "docker" }],
    [["--store=podman"], { manager: "podman" }],
    [["--store=docker-overlay2"], { manager: "docker", dockerStore: "overlay2" }],
    [["--store=docker-containerd"], { manager: "docker", dockerStore: "containerd" }],
    [["--store=containerd", "--blobs=never"], { manager: "containerd", blobs: "never" }],
    [["--namespace=k8s.io"], { manager: "containerd", namespace: "k8s.io" }],
    [
      ["--root=/var/lib/rancher/k3s/agent/containerd"],
      { manager: "containerd", root: "/var/lib/rancher/k3s/agent/containerd" },
    ],
  ];
  for (const [words, target] of targets) {
    it(`knows the manager for the images: PRELOAD ${words.join(" ")}`, () => {
      assert.deepEqual(parse([...words, "a"]).target, target);
    });
  }

  const faults: [words: string[], message: string][] = [
    [[], "PRELOAD: no image is named; write PRELOAD image..., for example PRELOAD redis:7"],
    [["--network=none"], "PRELOAD: no image is named; write PRELOAD image..., for example PRELOAD redis:7"],
    [
      ["--pull", "a"],
      'PRELOAD: unknown flag "--pull"; the flags are --platform, --network, --from, --list, --compose, --store, --namespace, --root, --blobs, --via',
    ],
    [["--network", "a"], 'PRELOAD: flag "--network" has no value; write --network=...'],
    [["--network=bridge", "a"], 'PRELOAD: unknown network "bridge"; --network is default, host or none'],
    [
      ["--platform=linux/", "a"],
      'PRELOAD: --platform="linux/": not a platform; write os/architecture, for example linux/amd64',
    ],
    [
      ["--store=crio", "a"],
      'PRELOAD: unknown store "crio"; --store is docker, docker-overlay2, docker-containerd, podman or containerd',
    ],
    [["--blobs=always", "a"], 'PRELOAD: unknown blobs "always"; --blobs is auto or never'],
    [
      ["--namespace=a b", "a"],
      'PRELOAD: --namespace="a b": a namespace is of letters, digits, ".", "_" and "-"',
    ],
    [["--root=var", "a"], 'PRELOAD: --root="var": write an absolute path'],
    ...["/a b", "/a%b", "/a$b", "/a'b", '/a"b', "/a\\b", "/a\nb", "/a,b", "/a:b", "/é"].map(
      (root): [string[], string] => [
        [`--root=${root}`, "a"],
        `PRELOAD: --root=${JSON.stringify(root)}: a root is of letters, digits and "/", ".", "_", "-", "+", "@", "=", since it ` +
          "comes into units of systemd and options of mounts; write another path",
      ],
    ),
    [
      ["--store=docker", "--namespace=moby", "a"],
      "PRELOAD: --namespace is of containerd; leave it out, or --store=docker",
    ],
    [
      ["--root=/x", "--store=docker", "a"],
      "PRELOAD: --root is of containerd; leave it out, or --store=docker",
    ],
    [["Foo"], 'PRELOAD: image "Foo": repository name must be lowercase'],
  ];
  for (const [words, message] of faults) {
    it(`refuses PRELOAD ${words.join(" ")}`, () => {
      assert.throws(
        () => parse(words),
        (error) => {
          assert.ok(error instanceof LarderError);
          assert.equal(error.message, message);
          assert.deepEqual(error.lines, lines);
          return true;
        },
      );
    });
  }
});
