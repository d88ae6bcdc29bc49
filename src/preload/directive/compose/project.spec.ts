// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what Compose files have
import assert from "node:assert/strict";
import { readProject } from "./project.js";

type Files = Readonly<Record<string, string>>;

function project(files: Files, path = "compose.yaml", stage: Files = {}) {
  return readProject(path, {
    read: async (name) => files[name],
    ask: async (names) =>
      new Map(names.flatMap((name) => (stage[name] === undefined ? [] : [[name, stage[name]]]))),
  });
}

interface Case {
  readonly files: Files | string;
  readonly stage?: Files;
  readonly path?: string;
  readonly images: readonly string[];
  readonly built?: readonly string[];
}

const cases: Readonly<Record<string, Case>> = {
  "every service": {
    files: "services:\n  a: {image: redis:7}\n  b:\n    image: 'nginx'\n",
    images: ["redis:7", "nginx"],
  },
  "variables of the stage": {
    files: "services: {a: {image: '$R/x:${TAG:-7}'}}",
    stage: { R: "r.io" },
    images: ["r.io/x:7"],
  },
  "a dollar, quotes and backslashes": { files: "services: {a: {image: 'x\"\\$$y'}}", images: ['x"\\$y'] },
  "anchors and merge keys": {
    files:
      "x-base: &base {image: 'redis:7', restart: always}\nservices:\n  a: {<<: *base}\n  b: {<<: *base, image: 'nginx:1'}\n",
    images: ["redis:7", "nginx:1"],
  },
  "services that are built": {
    files: "services: {a: {build: .}, b: {image: x, build: .}}",
    images: ["x"],
    built: ["a"],
  },
  ".env, and the stage before it": {
    files: { "compose.yaml": "services: {a: {image: 'a:$A-$B'}}", ".env": "A=1\nexport B=2 # two\n" },
    stage: { B: "3" },
    images: ["a:1-3"],
  },
  "a path that is not the shortest, and a name that begins with dots": {
    files: { "compose.yaml": "include: [..x/a.yaml]", "..x/a.yaml": "services: {a: {image: a}}" },
    path: "/deploy/.././compose.yaml",
    images: ["a"],
  },
  ".env in the folder of the file, with variables in it": {
    files: {
      "deploy/compose.yaml": "services: {a: {image: $IMAGE}}",
      "deploy/.env": 'TAG=7\nIMAGE="redis:${TAG}-$X"\n',
      ".env": "TAG=no",
    },
    path: "deploy/compose.yaml",
    stage: { X: "x" },
    images: ["redis:7-x"],
  },
  "a dollar in single quotes": {
    files: { "compose.yaml": "services: {a: {image: $IMAGE}}", ".env": "TAG=7\nIMAGE='a$TAG'\n" },
    images: ["a$TAG"],
  },
  include: {
    files: {
      "compose.yaml": "include: [db/compose.yaml]\nservices: {a: {image: a}}",
      "db/compose.yaml": "services: {b: {image: 'b:$T'}}",
      "db/.env": "T=9",
    },
    images: ["a", "b:9"],
  },
  "include alone, of includes": {
    files: {
      "compose.yaml": "include: [x/1.yaml]",
      "x/1.yaml": "include: [{path: ../y/2.yaml}]",
      "y/2.yaml": "services: {b: {image: b}}",
    },
    images: ["b"],
  },
  "include with its own place, variables and override": {
    files: {
      "compose.yaml":
        "include:\n  - path: [$D/a.yaml, b.yaml]\n    project_directory: p\n    env_file: [1.env, 2.env]\n",
      "sub/a.yaml": "services: {a: {image: 'a:$T'}, c: {build: .}}",
      "b.yaml": "services: {a: {image: 'b:$T'}, c: {image: c}}",
      "1.env": "T=1",
      "2.env": "T=2",
      "p/.env": "T=3",
      ".env": "D=sub",
    },
    images: ["b:2", "c"],
  },
  "the project's variables before those of what it includes": {
    files: {
      "compose.yaml": "include: [x/1.yaml]",
      ".env": "T=outer",
      "x/1.yaml": "services: {a: {image: 'a:$T'}}",
      "x/.env": "T=inner",
    },
    images: ["a:outer"],
  },
  "the same file twice": {
    files: {
      "compose.yaml": "include: [1.yaml, 2.yaml]",
      "1.yaml": "include: [3.yaml]",
      "2.yaml": "include: [3.yaml]",
      "3.yaml": "services: {a: {image: a}}",
    },
    images: ["a"],
  },
  "a service that is included, and laid over": {
    files: {
      "compose.yaml":
        "include: [a.yaml, b.yaml]\nservices: {a: {image: own}, b: {restart: always}, d: {extends: b}, e: {extends: a}}",
      "a.yaml": "services: {a: {image: a}, b: {image: b}, c: {image: c}}",
      "b.yaml": "services: {c: {image: other}}",
    },
    images: ["own", "b", "b", "own", "c"],
  },
  "include, relative to its project": {
    files: {
      "compose.yaml": "include: [{path: x/a.yaml, project_directory: p}, {path: [x/d.yaml, y/e.yaml]}]",
      "x/a.yaml": "include: [b.yaml]\nservices: {a: {extends: {file: c.yaml, service: c}}}",
      "p/b.yaml": "services: {b: {image: b}}",
      "p/c.yaml": "services: {c: {image: c}}",
      "x/d.yaml": "services: {d: {image: d}}",
      "y/e.yaml": "services: {e: {extends: {file: f.yaml, service: f}}}",
      "x/f.yaml": "services: {f: {image: f}}",
    },
    images: ["c", "b", "d", "f"],
  },
  "several documents": {
    files: "services: {a: {image: a}, b: {image: b}}\n---\nservices: {a: {image: a2}, c: {image: c}}",
    images: ["a2", "b", "c"],
  },
  "services and images that are taken away, or written anew": {
    files: {
      "compose.yaml": "include: [{path: [a.yaml, b.yaml]}]",
      "a.yaml": "services: {a: {image: a}, b: {image: b, build: .}, c: {image: c}, d: !reset {image: d}}",
      "b.yaml": "services: {a: !reset null, b: {image: !reset null}, c: !override {image: c2}}",
    },
    images: ["c2"],
    built: ["b"],
  },
  ".env as YAML has it, with a byte order mark": {
    files: { "compose.yaml": "services: {a: {image: 'a:$A$B'}}", ".env": "\uFEFFA: 1\nB=2\n" },
    images: ["a:12"],
  },
  "extends in the same file": {
    files: "services: {a: {image: a}, b: {extends: a}, c: {extends: {service: a}, image: c}}",
    images: ["a", "a", "c"],
  },
  "extends from other files, in a row": {
    files: {
      "compose.yaml": "services: {a: {extends: {file: x/base.yaml, service: b}}}",
      "x/base.yaml": "services: {b: {extends: {file: ../common.yaml, service: c}}, unused: {}}",
      "common.yaml": "services: {c: {image: 'c:$T'}}",
    },
    stage: { T: "7" },
    images: ["c:7"],
  },
  "extends, without the image": {
    files: "services: {a: {image: a, build: .}, b: {extends: a, image: !reset null}}",
    images: ["a"],
    built: ["b"],
  },
};

describe("images of a Compose file", () => {
  for (const [name, { files, stage, path, images, built = [] }] of Object.entries(cases)) {
    it(name, async () => {
      const read = await project(typeof files === "string" ? { "compose.yaml": files } : files, path, stage);
      assert.deepEqual(
        read.images.map(({ image }) => image),
        images,
      );
      assert.deepEqual(read.built, built);
    });
  }

  const faults: [name: string, files: Files | string, message: RegExp][] = [
    ["no file", {}, /^the build context has no such file; check the path, and that \.dockerignore/],
    ["a folder", { "compose.yaml": "include: [x/]" }, /^include: "x\/" is a directory; name a file$/],
    ["no YAML", "services: [", /^it is not YAML: \S.*$/],
    ["nothing", "", /^it has no services; write services: with an image: for each$/],
    ["no services", "version: '3'", /^it has no services; /],
    ["a list of services", "services: [a]", /^it has no services; /],
    [
      "neither image nor build",
      "services: {web: {restart: always}}",
      /^service "web" has no image; write image: below it$/,
    ],
    ["a service of nothing", "services: {web: }", /^service "web" has no image; /],
    ["an image that is no text", "services: {web: {image: 7}}", /^service "web": image is no text; /],
    [
      "a variable that must be set",
      "services: {a: {image: '${TAG:?which}'}}",
      /^service "a": the variable TAG has to be set: which$/,
    ],
    [
      "a lone dollar",
      "services: {a: {image: 'x$'}}",
      /^service "a": "x\$" has a \$ that begins no variable; /,
    ],
    ["an include that is no list", "include: {a: b}\nservices: {}", /^include: is no list/],
    ["an include of nothing", "include: [{env_file: x}]", /^include: has an entry that names no file/],
    [
      "an include that is not there",
      "include: [x/y.yaml]",
      /^compose\.yaml names x\/y\.yaml: the build context has no such file/,
    ],
    [
      "an include from elsewhere",
      "include: [oci://r.io/x]",
      /^include: "oci:\/\/r\.io\/x" is elsewhere; PRELOAD reads files/,
    ],
    ["an include by git", "include: [git@example.com:a/b.git]", /is elsewhere/],
    [
      "an include outside",
      "include: [../x.yaml]",
      /^include: "\.\.\/x\.yaml" is outside of the build context/,
    ],
    ["an absolute include", "include: [/x.yaml]", /is outside of the build context/],
    [
      "an include of itself",
      { "compose.yaml": "include: [a.yaml]", "a.yaml": "include: [compose.yaml]" },
      /^include: compose\.yaml includes a\.yaml includes compose\.yaml$/,
    ],
    [
      "an env_file that is not there",
      { "compose.yaml": "include: [{path: a.yaml, env_file: x}]", "a.yaml": "services: {}" },
      /^include: env_file "x": the build context has no such file/,
    ],
    [
      "an included fault",
      { "compose.yaml": "include: [a.yaml]", "a.yaml": "services: {a: {image: 7}}" },
      /^a\.yaml: service "a": image is no text/,
    ],
    [
      "an extends of no service",
      "services: {a: {extends: {file: x}}}",
      /^service "a": extends names no service/,
    ],
    [
      "an extends of an unknown service",
      "services: {a: {extends: b}}",
      /^service "a" extends "b", and compose\.yaml has no such service$/,
    ],
    [
      "an extends from an unknown file",
      "services: {a: {extends: {file: x.yaml, service: b}}}",
      /^compose\.yaml names x\.yaml: the build context has no such file/,
    ],
    [
      "an extends of itself",
      "services: {a: {extends: b}, b: {extends: a}}",
      /^extends: service "a" extends service "b" extends service "a"$/,
    ],
    [
      "a fault in .env",
      { "compose.yaml": "services: {a: {image: x}}", ".env": "A=${B:?no}" },
      /^\.env: the variable B has to be set: no$/,
    ],
  ];
  for (const [name, files, message] of faults) {
    it(`refuses ${name}`, async () => {
      await assert.rejects(project(typeof files === "string" ? { "compose.yaml": files } : files), {
        message,
      });
    });
  }

  for (const [path, message] of [
    ["../compose.yaml", /^"\.\.\/compose\.yaml" is outside of the build context; name a file in it$/],
    ["a/../../b", /is outside of the build context/],
    ["https://x/compose.yaml", /^"https:.*" is elsewhere; PRELOAD reads files of the build context only$/],
    ["deploy/", /^"deploy\/" is a directory; name a file$/],
    ["", /is a directory/],
  ] as const) {
    it(`refuses ${path}`, () => assert.rejects(project({}, path), { message }));
  }
});
