import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";

/**
 * The allowed imports of each part, besides itself and Node's own modules. The lowest parts come last. A part is a
 * folder of src or a single file: one that a whole folder shares, or agent/job.ts, on which frontend and agent agree.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  "main.ts": ["preload", "upstream", "gateway", "error.ts"],
  cli: [
    "cli/commit",
    "cli/commit/inner",
    "cli/page",
    "cli/doctor",
    "cli/report",
    "cli/images",
    "cli/images/shared",
    "cli/output",
    "cli/usage-error.ts",
    "shelf/verify",
    "stores",
    "image",
    "error.ts",
    "commander",
  ],
  "cli/commit": [
    "cli/commit/inner",
    "cli/commit/files",
    "cli/images",
    "cli/images/shared",
    "cli/output",
    "cli/usage-error.ts",
    "stores",
    "shelf",
    "image",
    "error.ts",
    "is-object.ts",
    "dockerode",
  ],
  "cli/commit/inner": [
    "cli/commit/files",
    "cli/usage-error.ts",
    "stores",
    "shelf",
    "image",
    "error.ts",
    "dockerode",
    "tar-stream",
  ],
  "cli/commit/files": [
    "cli/images",
    "cli/images/shared",
    "files",
    "image",
    "error.ts",
    "is-object.ts",
    "dockerode",
    "tar-stream",
  ],
  "cli/doctor": [
    "cli/images",
    "cli/output",
    "shelf",
    "image",
    "error.ts",
    "is-object.ts",
    "daemons.ts",
    "dockerode",
  ],
  "cli/page": ["cli/report", "cli/output", "image"],
  "cli/report": [
    "cli/images",
    "cli/images/shared",
    "cli/output",
    "stores",
    "shelf",
    "image",
    "error.ts",
    "tar-stream",
  ],
  "cli/images": [
    "cli/images/registry",
    "cli/images/shared",
    "cli/usage-error.ts",
    "shelf",
    "files",
    "image",
    "error.ts",
    "is-object.ts",
    "dockerode",
    "tar-stream",
  ],
  "cli/images/registry": ["cli/images/shared", "files", "image", "error.ts", "is-object.ts", "undici"],
  // Files that all sources of images share.
  "cli/images/shared": ["cli/usage-error.ts", "image", "error.ts"],
  "cli/output": ["cli-table3", "ora"],
  "cli/usage-error.ts": ["error.ts"],
  preload: [
    "preload/cut",
    "preload/check",
    "preload/directive",
    "preload/steps",
    "preload/plan",
    "preload/shared",
    "upstream",
    "dockerfile",
    "llb",
    "image",
    "agent/job.ts",
    "gateway",
    "gen",
  ],
  "preload/cut": [
    "preload/images",
    "preload/directive",
    "preload/steps",
    "preload/plan",
    "preload/shared",
    "upstream",
    "dockerfile",
    "shelf",
    "llb",
    "image",
    "agent/job.ts",
    "gateway",
    "gen",
    "error.ts",
  ],
  "preload/check": [
    "preload/images",
    "preload/directive",
    "preload/plan",
    "preload/shared",
    "upstream",
    "dockerfile",
    "image",
    "gateway",
    "gen",
    "error.ts",
    "daemons.ts",
  ],
  "preload/images": [
    "preload/directive",
    "preload/steps",
    "preload/plan",
    "preload/shared",
    "upstream",
    "llb",
    "image",
    "agent/job.ts",
    "gateway",
    "error.ts",
  ],
  "preload/directive": [
    "preload/plan",
    "dockerfile",
    "image",
    "agent/job.ts",
    "error.ts",
    "is-object.ts",
    "fastest-levenshtein",
    "yaml",
  ],
  // Data that all of the above use: a build's context, its settings, its platforms, its results.
  "preload/shared": ["preload/plan", "upstream", "dockerfile", "llb", "image", "gateway", "gen", "error.ts"],
  "preload/steps": ["preload/plan", "llb", "image", "agent/job.ts", "gateway", "gen", "error.ts"],
  "preload/plan": ["shelf", "image", "agent/job.ts", "error.ts"],
  upstream: ["dockerfile", "llb", "image", "gateway", "gen", "error.ts"],
  dockerfile: ["image", "error.ts", "dockerfile-ast"],
  llb: ["image", "gen"],
  gateway: ["gateway/grpc", "gateway/http2", "gen", "error.ts"],
  "gateway/grpc": ["gateway/http2", "gen", "error.ts"],
  "gateway/http2": ["error.ts"],
  agent: [
    "agent/fetch",
    "agent/pack",
    "agent/stock",
    "agent/catalog",
    "agent/unpack",
    "agent/shared",
    "agent/job.ts",
    "files",
    "image",
    "shelf",
    "error.ts",
  ],
  "agent/stock": [
    "agent/catalog",
    "agent/survey",
    "agent/containerd",
    "agent/install",
    "agent/shared",
    "agent/job.ts",
    "stores",
    "shelf",
    "files",
    "image",
    "error.ts",
    "daemons.ts",
    "tar-stream",
  ],
  "agent/catalog": [
    "agent/survey",
    "agent/unpack",
    "agent/install",
    "agent/shared",
    "agent/job.ts",
    "stores",
    "shelf",
    "files",
    "image",
    "error.ts",
    "daemons.ts",
  ],
  "agent/unpack": [
    "agent/fetch",
    "agent/shared",
    "agent/job.ts",
    "stores",
    "shelf",
    "files",
    "image",
    "error.ts",
  ],
  "agent/survey": ["agent/install", "agent/shared", "agent/job.ts", "stores", "error.ts", "is-object.ts"],
  // Only this folder uses a gRPC library, with containerd. Loading it takes too long for the frontend.
  "agent/containerd": [
    "agent/shared",
    "stores",
    "shelf",
    "files",
    "image",
    "gen",
    "error.ts",
    "@grpc/grpc-js",
  ],
  "agent/install": ["agent/shared", "stores", "shelf", "error.ts", "daemons.ts"],
  "agent/fetch": ["agent/shared", "agent/job.ts", "files", "image", "error.ts", "is-object.ts"],
  "agent/pack": ["agent/shared", "agent/job.ts", "shelf", "files", "image", "error.ts"],
  // Files that all steps of the agent share.
  "agent/shared": ["agent/job.ts", "stores", "shelf", "files", "image", "error.ts"],
  "agent/job.ts": ["stores", "shelf", "image"],
  // Reads whole system images, catalogs of all stores among it. Stores know only the format below.
  "shelf/verify": ["stores", "shelf", "files", "image", "error.ts", "is-object.ts"],
  stores: ["shelf", "files", "image", "is-object.ts", "daemons.ts"],
  shelf: ["files", "image", "error.ts", "is-object.ts"],
  files: ["fzstd"],
  image: ["@noble/hashes"],
  "error.ts": ["gen"],
  "is-object.ts": [],
  "daemons.ts": [],
  gen: ["@grpc/grpc-js", "@bufbuild/protobuf"],
};

/** Parts that are files. */
const shared: Readonly<Record<string, string>> = {
  "cli/images/choose-platform.ts": "cli/images/shared",
  "cli/images/name-image.ts": "cli/images/shared",
  "cli/images/open-options.ts": "cli/images/shared",
  "cli/images/outer-image.ts": "cli/images/shared",
  "cli/images/run-program.ts": "cli/images/shared",
  "preload/build-context.ts": "preload/shared",
  "preload/settings.ts": "preload/shared",
  "preload/platforms.ts": "preload/shared",
  "preload/result.ts": "preload/shared",
  "agent/layout-image.ts": "agent/shared",
  "agent/report.ts": "agent/shared",
  "agent/compare-shelf.ts": "agent/shared",
  "agent/step-error.ts": "agent/shared",
  "agent/stage-path.ts": "agent/shared",
};

const src = new URL("./", import.meta.url);

/** Files of the product: neither specs nor helpers of specs. */
const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter(
  (path) => path.endsWith(".ts") && !/(\.spec|\.d|(^|[/-])testing)\.ts$/.test(path),
);

function partOf(path: string): string {
  const alone = shared[path];
  if (alone !== undefined) return alone;
  const names = Object.keys(allowed).filter((name) => path === name || path.startsWith(`${name}/`));
  return names.sort((a, b) => b.length - a.length)[0] ?? path;
}

/** Files of src by their paths there, packages by their names. */
function importedBy(path: string): string[] {
  const text = readFileSync(new URL(path, src), "utf8");
  const statements = /^(?:import|export)\b[^;]*?\bfrom "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)/gm;
  return [...text.matchAll(statements)]
    .map(([, from, bare, lazy]) => from ?? bare ?? lazy ?? "")
    .map((specifier) => {
      if (!specifier.startsWith("."))
        return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
      const target = new URL(specifier.replace(/\.js$/, ".ts"), new URL(path, src)).pathname;
      return target.slice(src.pathname.length);
    });
}

/** Finds files that import each other, types included, in a circle. */
function findCircle(): string[] {
  const done = new Set<string>();
  const visit = (path: string, line: readonly string[]): string[] => {
    if (line.includes(path)) return [...line.slice(line.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const target of importedBy(path).filter((one) => files.includes(one))) {
      const circle = visit(target, [...line, path]);
      if (circle.length > 0) return circle;
    }
    done.add(path);
    return [];
  };
  return files.map((path) => visit(path, [])).find((circle) => circle.length > 0) ?? [];
}

describe("imports", () => {
  it("point downward", () => {
    const forbidden = files.flatMap((path) => {
      const part = partOf(path);
      const may = [part, ...(allowed[part] ?? [])];
      return importedBy(path)
        .filter((target) => !target.startsWith("node:") && !may.includes(partOf(target)))
        .map((target) => `${path} imports ${target}`);
    });
    assert.deepEqual(forbidden, []);
  });

  it("name parts further down in the table", () => {
    const parts = Object.keys(allowed);
    const upward = Object.entries(allowed).flatMap(([part, targets]) =>
      targets
        .filter((target) => parts.includes(target) && parts.indexOf(target) <= parts.indexOf(part))
        .map((target) => `${part} imports ${target}`),
    );
    assert.deepEqual(upward, []);
  });

  it("name the parts that the table has, and no others", () => {
    assert.deepEqual([...new Set(files.map(partOf))].sort(), Object.keys(allowed).sort());
  });

  it("go in no circle, types included", () => {
    assert.deepEqual(findCircle(), []);
  });

  it("of a plan name nothing that reads or writes", () => {
    for (const path of files.filter((one) => one.startsWith("preload/plan/"))) {
      const impure = importedBy(path).filter((target) => /^node:|^gateway\//.test(target));
      assert.deepEqual(impure, [], path);
    }
  });

  it("are found: this test is not blind", () => {
    assert.ok(importedBy("agent/containerd/client.ts").includes("@grpc/grpc-js"));
    assert.ok(importedBy("main.ts").includes("preload/build.ts"));
    assert.ok(importedBy("preload/steps/stock.ts").includes("agent/job.ts"));
  });
});

describe("a file", () => {
  it("has at most 300 lines", () => {
    const long = files.filter(
      (path) => !path.startsWith("gen/") && readFileSync(new URL(path, src), "utf8").split("\n").length > 301,
    );
    assert.deepEqual(long, []);
  });
});

describe("src/gen", () => {
  it("is generated, a file for each file of proto", () => {
    const names = (folder: URL) => readdirSync(folder).map((name) => name.replace(/\.(ts|proto)$/, ""));
    assert.deepEqual(names(new URL("gen/", src)), names(new URL("../proto/", src)));
    for (const path of files.filter((path) => path.startsWith("gen/"))) {
      assert.match(
        readFileSync(new URL(path, src), "utf8"),
        /^\/\/ Code generated by protoc-gen-ts_proto/,
        path,
      );
    }
  });
});
