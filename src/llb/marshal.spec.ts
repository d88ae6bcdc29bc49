import assert from "node:assert/strict";
import { Definition, Op, SecurityMode } from "../gen/ops.js";
import { digestOf } from "../image/digest.js";
import { type ExecOptions, exec } from "./exec.js";
import { files } from "./file.js";
import { encodeOp, marshal } from "./marshal.js";
import { merge } from "./merge.js";
import { image, local } from "./source.js";
import { fromDefinition, type Output } from "./state.js";

const base = image("load", "docker.io/library/busybox:latest");

function step(options: Partial<ExecOptions> = {}): ReadonlyMap<string, Output> {
  return exec({
    name: "step",
    args: ["true"],
    env: ["A=b"],
    network: "none",
    insecure: false,
    mounts: [
      { kind: "output", dest: "/", from: base },
      { kind: "output", dest: "/out", from: undefined },
      { kind: "readonly", dest: "/in", from: base },
      { kind: "temporary", dest: "/stage", from: base },
      { kind: "secret", dest: "/run/secrets/x", id: "x" },
    ],
    ignoreCache: false,
    ...options,
  });
}

function at(outputs: ReadonlyMap<string, Output>, dest: string): Output {
  const output = outputs.get(dest);
  assert.ok(output);
  return output;
}

const ops = ({ def }: Definition): Op[] => def.map((bytes) => Op.decode(bytes));
const digests = ({ def }: Definition): string[] => def.map(digestOf);

describe("encodeOp", () => {
  it("puts the member of the oneof last, as Go does", () => {
    const bytes = encodeOp(
      Op.fromPartial({
        inputs: [{ digest: "d", index: 1 }],
        op: { $case: "source", value: { identifier: "i" } },
        platform: { OS: "linux" },
        constraints: {},
      }),
    );
    // Field numbers 1 inputs, 10 platform, 11 constraints (present and empty), 3 source.
    assert.equal(
      bytes.toString("hex"),
      "0a05" + "0a0164" + "1001" + "5207" + "12056c696e7578" + "5a00" + "1a03" + "0a0169",
    );
  });

  it("loses nothing", () => {
    for (const op of ops(marshal(at(step(), "/out")))) assert.deepEqual(Op.decode(encodeOp(op)), op);
  });
});

describe("marshal", () => {
  it("writes dependencies first, each op once, and last the result", () => {
    const definition = marshal(merge("merge", [base, at(step(), "/out"), at(step(), "/")]));
    assert.deepEqual(
      ops(definition).map(({ op }) => op?.$case),
      ["source", "exec", "merge", undefined],
    );
    const [source, run, merged] = digests(definition);
    assert.deepEqual(
      ops(definition).map(({ inputs }) => inputs.map(({ digest, index }) => [digest, index])),
      [
        [],
        [[source, 0]],
        [
          [source, 0],
          [run, 1],
          [run, 0],
        ],
        [[merged, 0]],
      ],
    );
  });

  it("has metadata for every op, and capabilities in order", () => {
    const definition = marshal(at(step({ insecure: true, ignoreCache: true }), "/"));
    assert.deepEqual(Object.keys(definition.metadata), digests(definition));
    const [, run] = digests(definition).map((digest) => definition.metadata[digest]);
    assert.deepEqual(run?.description, { "llb.customname": "step" });
    assert.equal(run?.ignore_cache, true);
    assert.deepEqual(Object.keys(run?.caps ?? {}), [
      "exec.meta.base",
      "exec.meta.network",
      "exec.meta.security",
      "exec.mount.bind",
      "exec.mount.bind.readwrite-nooutput",
      "exec.mount.secret",
    ]);
  });

  it("gives equal graphs equal digests, and different ones different digests", () => {
    const result = (options: Partial<ExecOptions>) => digests(marshal(at(step(options), "/"))).at(-1);
    assert.equal(result({}), result({}));
    assert.equal(
      result({ name: "another", ignoreCache: true }),
      result({}),
      "metadata is part of the digest",
    );
    assert.notEqual(result({ insecure: true }), result({}));
    assert.notEqual(result({ env: [] }), result({}));
    const listed = (names: string[]) =>
      digests(marshal(local("l", { name: "n", sessionId: "s", followPaths: names })));
    assert.notDeepEqual(listed(["a"]), listed(["b"]));
  });

  it("refuses scratch", () => {
    assert.throws(() => marshal(undefined), /scratch has no definition/);
  });

  // The hashed bytes are part of every cache key: a change makes all builds run again.
  const busybox = "337288017d8b6cb52179896820e34d9fc8365ca4ab54729e64144546c531a3ef";
  const goldens: [title: string, state: Output, expected: string[]][] = [
    ["image", base, [busybox, "1bdb9b8e403f6982298d034cb6e2939d5ecef41bb657c9665dd81c555d99e35a"]],
    [
      "local",
      local("l", { name: "dockerfile", sessionId: "s", followPaths: ["Dockerfile"] }),
      [
        "024555a960d471343889e7afa501fcad1f1f31c1dcfc9cdda08da181ec8b85eb",
        "aac13d11131714e9d863c3cc56f5aeda275c4517eebd5ecb590688f8720775b2",
      ],
    ],
    [
      "files",
      files("f", [{ path: "/a/b", data: Buffer.from("x") }]),
      [
        "16aa65e4d5474b8c733f9e9b9c5fd9f6297984c76a90a486f678eb19a92fbfe3",
        "14f91fe84af1560288d78acfd57138a97f4e68f121d936943021a506912840e9",
      ],
    ],
    [
      "exec",
      at(step(), "/out"),
      [
        busybox,
        "0fe4e52cf76f7402007e41a14abe5335357025aaecdce399624881470701b793",
        "1ffb3758e9188baed4fa55b26754ae6b28ad3255f108ea10a90b4a210872dbb6",
      ],
    ],
  ];
  for (const [title, state, expected] of goldens) {
    it(`gives the digests that it always gave: ${title}`, () => {
      assert.deepEqual(
        digests(marshal(state)).map((digest) => digest.slice("sha256:".length)),
        expected,
      );
    });
  }
});

describe("exec", () => {
  it("numbers inputs without repetition, and outputs in the order of the mounts", () => {
    const [, run] = ops(marshal(at(step(), "/out")));
    assert.equal(run?.op?.$case, "exec");
    const mounts = run.op.$case === "exec" ? run.op.value.mounts : [];
    assert.deepEqual(
      mounts.map(({ dest, input, output, readonly }) => [dest, input, output, readonly]),
      [
        ["/", 0, 0, false],
        ["/out", -1, 1, false],
        ["/in", 0, -1, true],
        ["/stage", 0, -1, false],
        ["/run/secrets/x", -1, -1, false],
      ],
    );
    assert.deepEqual(
      [...step()].map(([dest, { index }]) => [dest, index]),
      [
        ["/", 0],
        ["/out", 1],
      ],
    );
  });

  it("asks for security.insecure only where it is told to", () => {
    const security = (insecure: boolean) => {
      const [, run] = ops(marshal(at(step({ insecure }), "/")));
      return run?.op?.$case === "exec" ? run.op.value.security : undefined;
    };
    assert.equal(security(false), SecurityMode.SANDBOX);
    assert.equal(security(true), SecurityMode.INSECURE);
  });
});

describe("merge", () => {
  it("absorbs scratch and single inputs", () => {
    assert.equal(merge("m", []), undefined);
    assert.equal(merge("m", [undefined, base, undefined]), base);
    assert.equal(merge("m", [base, base])?.vertex.kind, "own");
  });
});

describe("files", () => {
  it("makes the folders above, at a fixed time", () => {
    const state = files("f", [
      { path: "/Dockerfile", data: Buffer.from("a") },
      { path: "/x/y/z", data: Buffer.from("b") },
    ]);
    const [file] = ops(marshal(state));
    const actions = file?.op?.$case === "file" ? file.op.value.actions : [];
    assert.deepEqual(
      actions.map(({ input, secondaryInput, output, action }) => [
        input,
        secondaryInput,
        output,
        action?.$case,
      ]),
      [
        [-1, -1, -1, "mkfile"],
        [0, -1, -1, "mkdir"],
        [1, -1, 0, "mkfile"],
      ],
    );
    for (const { action } of actions) {
      assert.ok(action?.$case === "mkfile" || action?.$case === "mkdir");
      assert.equal(action.value.timestamp, 0);
    }
  });
});

describe("a definition from elsewhere", () => {
  /** With a source map, like upstream's definitions. */
  function foreign(reference: string, filename: string): Definition {
    const definition = marshal(image("load", reference));
    const [digest = ""] = digests(definition);
    const range = { start: { line: 1, character: 0 }, end: { line: 1, character: 0 } };
    return Definition.fromPartial({
      ...definition,
      Source: {
        infos: [{ filename, data: Buffer.from("FROM x"), language: "Dockerfile" }],
        locations: { [digest]: { locations: [{ sourceIndex: 0, ranges: [range] }] } },
      },
    });
  }
  const state = (definition: Definition): Output => {
    const found = fromDefinition(definition);
    assert.ok(found);
    return found;
  };

  it("is scratch if it is empty", () => {
    assert.equal(fromDefinition(undefined), undefined);
    assert.equal(fromDefinition(Definition.fromPartial({})), undefined);
  });

  it("is taken over byte for byte, once, without its last op", () => {
    const one = foreign("a:1", "Dockerfile");
    const joined = marshal(merge("m", [state(one), state(one), base]));
    assert.equal(joined.def[0], one.def[0]);
    assert.deepEqual(
      ops(joined).map(({ op }) => op?.$case),
      ["source", "source", "merge", undefined],
    );
    const [first = ""] = digests(joined);
    assert.deepEqual(joined.metadata[first], one.metadata[first]);
  });

  it("brings its source map: places keep their files", () => {
    const [one, two] = [foreign("a:1", "first"), foreign("b:1", "second")];
    const { Source } = marshal(merge("m", [state(one), state(two)]));
    assert.deepEqual(
      Source?.infos.map(({ filename }) => filename),
      ["first", "second"],
    );
    const places = [one, two].map((definition) => Source?.locations[digests(definition)[0] ?? ""]?.locations);
    assert.deepEqual(
      places.map((locations) => locations?.map(({ sourceIndex }) => sourceIndex)),
      [[0], [1]],
    );
  });

  it("has a file once that several name", () => {
    const { Source } = marshal(merge("m", [state(foreign("a:1", "same")), state(foreign("b:1", "same"))]));
    assert.equal(Source?.infos.length, 1);
    const places = Object.values(Source?.locations ?? {}).flatMap(({ locations }) => locations);
    assert.deepEqual(
      places.map(({ sourceIndex }) => sourceIndex),
      [0, 0],
    );
  });
});
