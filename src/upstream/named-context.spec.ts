import assert from "node:assert/strict";
import { Definition } from "../gen/ops.js";
import { findNamedContext, type NamedContext } from "./named-context.js";

const platform = { os: "linux", architecture: "amd64" };
const definition = Definition.fromPartial({ def: [Buffer.from("op")] });
const config = { architecture: "amd64" };
const metadata = { "containerimage.config": Buffer.from(JSON.stringify(config)).toString("base64") };
const options = {
  "context:image": "docker-image://redis:7",
  "context:registry:5000/a:1": "docker-image:registry:5000/b",
  "context:layout": "oci-layout://0123/x:1@sha256:abc",
  "context:plain": "oci-layout://0123@sha256:abc",
  "context:baked": "input:0-baked",
  "input-metadata:0-baked": JSON.stringify(metadata),
  "context:files": "input:0-files",
  "context:lost": "input:0-lost",
  "context:folder": "local:folder",
  "context:git": "https://example.com/a.git#main",
  "context:both": "docker-image://any",
  "context:both::linux/amd64": "docker-image://amd64",
  "context:only::linux/arm64": "docker-image://arm64",
};
const inputs = { "0-baked": definition, "0-files": definition };

describe("findNamedContext", () => {
  const cases: [name: string, context: NamedContext | undefined][] = [
    ["image", { kind: "image", reference: "redis:7" }],
    ["IMAGE:latest", { kind: "image", reference: "redis:7" }],
    ["docker.io/library/image", { kind: "image", reference: "redis:7" }],
    ["image:1", undefined],
    ["registry:5000/a:1", { kind: "image", reference: "registry:5000/b" }],
    ["layout", { kind: "layout", store: "0123/x", digest: "sha256:abc" }],
    ["plain", { kind: "layout", store: "0123", digest: "sha256:abc" }],
    ["baked", { kind: "input", definition, config }],
    ["files", { kind: "input", definition, config: undefined }],
    ["lost", undefined],
    ["folder", { kind: "files", value: "local:folder" }],
    ["git", { kind: "files", value: "https://example.com/a.git#main" }],
    ["both", { kind: "image", reference: "amd64" }],
    ["only", undefined],
    ["none", undefined],
    ["no name of an image!", undefined],
  ];
  for (const [name, context] of cases) {
    it(name, () => assert.deepEqual(findNamedContext({ options, inputs }, name, platform), context));
  }
});
