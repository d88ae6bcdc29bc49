import assert from "node:assert/strict";
import { LarderError } from "../../error.js";
import { Definition, Op } from "../../gen/ops.js";
import { digestOf } from "../../image/digest.js";
import { fromDefinition, type Output } from "../../llb/state.js";
import { explainSteps, larderImage } from "./larder-image.js";

const digest = `sha256:${"1".repeat(64)}`;
const other = `sha256:${"2".repeat(64)}`;

/** The builder's definition of a frontend. */
function frontend(identifier: string, attrs: Record<string, string> = {}): Output {
  const platform = { Architecture: "arm64", OS: "linux", Variant: "", OSVersion: "", OSFeatures: [] };
  const from = { $case: "source" as const, value: { identifier, attrs } };
  const op = Buffer.from(Op.encode(Op.fromPartial({ op: from, platform })).finish());
  const last = Op.encode(Op.fromPartial({ inputs: [{ digest: digestOf(op), index: 0 }] })).finish();
  const found = fromDefinition(Definition.fromPartial({ def: [op, Buffer.from(last)] }));
  assert.ok(found);
  return found;
}

interface Asked {
  readonly env?: Record<string, string>;
  readonly options?: Record<string, string>;
  readonly definition?: Output;
}

function found({ env = {}, options = {}, definition }: Asked) {
  const build = { frontend: options, sessionId: "" };
  const { vertex } = larderImage(build, { env, readDefinition: () => definition });
  assert.ok(vertex.kind === "own" && vertex.op.$case === "source");
  const { identifier, attrs } = vertex.op.value;
  return { identifier, attrs, architecture: vertex.platform?.Architecture };
}

describe("larderImage", () => {
  const env = { LARDER_STEPS: digest };
  const record = { "image.recordtype": "frontend" };

  it("is the frontend's own image where it has no other for steps, no longer as a frontend", () => {
    const definition = frontend("docker-image://r.example:5000/larder/dockerfile:1", record);
    assert.deepEqual(found({ definition }), {
      identifier: "docker-image://r.example:5000/larder/dockerfile:1",
      attrs: {},
      architecture: "arm64",
    });
    assert.equal(
      found({ options: { source: "larder/dockerfile:1" } }).identifier,
      "docker-image://docker.io/larder/dockerfile:1",
    );
  });

  for (const [name, identifier] of [
    ["a registry with a port", "docker-image://r.example:5000/larder/dockerfile"],
    ["Docker Hub", "docker-image://docker.io/larder/dockerfile"],
    ["a layout of the client", "oci-layout://layout.example/frontend"],
  ] as const) {
    it(`is the digest beside the frontend: ${name}`, () => {
      for (const suffix of ["", ":1", `:1@${other}`, `@${other}`]) {
        const definition = frontend(identifier + suffix, { ...record, "oci.store": "store" });
        assert.deepEqual(found({ env, definition }), {
          identifier: `${identifier}@${digest}`,
          attrs: { "oci.store": "store" },
          architecture: "arm64",
        });
      }
    });
  }

  it("is the digest in the repository of the option source, where the definition cannot be read", () => {
    const options = { source: "larder/dockerfile:1" };
    assert.equal(found({ env, options }).identifier, `docker-image://docker.io/larder/dockerfile@${digest}`);
  });

  it("is the reference of the environment, and before it that of the build argument", () => {
    const named = { LARDER_STEPS: "r.example/steps:1" };
    assert.equal(found({ env: named }).identifier, "docker-image://r.example/steps:1");
    const options = { "build-arg:LARDER_STEPS": "mine" };
    assert.equal(found({ env: named, options }).identifier, "docker-image://docker.io/library/mine:latest");
  });

  it("refuses a word that is no reference, and a frontend from nowhere", () => {
    assert.throws(() => found({ env: { LARDER_STEPS: "A b" } }), /^LarderError: LARDER_STEPS="A b": /);
    assert.throws(() => found({ env }), /use a # syntax= line/);
    assert.throws(() => found({ env, definition: frontend("git://x") }), /--build-arg LARDER_STEPS=/);
  });
});

describe("explainSteps", () => {
  const options = { frontend: {}, sessionId: "" };
  const env = { LARDER_STEPS: digest };

  it("names the setting in an error about the image", () => {
    const error = explainSteps(options, new Error(`r.example/a@${digest}: not found`), env);
    assert.ok(error instanceof LarderError);
    assert.equal(
      error.message,
      `the frontend's repository does not give the image of Larder's build steps, ${digest}; copy it there, ` +
        `or name another with --build-arg LARDER_STEPS=<reference> (r.example/a@${digest}: not found)`,
    );
  });

  it("leaves other errors as they are", () => {
    const error = new Error("r.example/redis:7: not found");
    assert.equal(explainSteps(options, error, env), error);
    assert.equal(explainSteps(options, error, {}), error);
  });
});
