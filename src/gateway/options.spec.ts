import assert from "node:assert/strict";
import {
  buildArgument,
  cacheImports,
  ignoresCache,
  proxyEnvironment,
  readOptions,
  replacesStage,
} from "./options.js";

describe("readOptions", () => {
  it("takes key=value from the numbered variables, split at the first sign", () => {
    const options = readOptions({
      BUILDKIT_FRONTEND_OPT_0: "target=x",
      BUILDKIT_FRONTEND_OPT_10: "build-arg:A=b=c\n=d",
      BUILDKIT_FRONTEND_OPT_2: "no-cache=",
      BUILDKIT_FRONTEND_OPT_3: "alone",
      BUILDKIT_FRONTEND_OPT_X: "not=this",
      BUILDKIT_SESSION_ID: "s",
      PATH: "/bin",
    });
    assert.deepEqual(options, {
      frontend: { target: "x", "build-arg:A": "b=c\n=d", "no-cache": "", alone: "" },
      sessionId: "s",
    });
    assert.equal(buildArgument(options, "A"), "b=c\n=d");
    assert.equal(buildArgument(options, "B"), undefined);
  });

  it("is empty without them", () => {
    assert.deepEqual(readOptions({}), { frontend: {}, sessionId: "" });
  });
});

describe("cacheImports", () => {
  const of = (frontend: Record<string, string>) => cacheImports({ frontend, sessionId: "" });
  const entry = { Type: "local", Attrs: { src: "/a,b" } };
  const registry = (ref: string) => ({ Type: "registry", Attrs: { ref } });

  it("takes today's form, the older one, and both", () => {
    const today = { "cache-imports": JSON.stringify([entry]) };
    const older = { "cache-from": "a/b:1,c" };
    assert.deepEqual(of(today), [entry]);
    assert.deepEqual(of(older), [registry("a/b:1"), registry("c")]);
    assert.deepEqual(of({ ...today, ...older }), [entry, registry("a/b:1"), registry("c")]);
  });

  it("leaves text that is not JSON to upstream, which refuses it", () => {
    assert.deepEqual(of({ "cache-imports": "{" }), []);
    assert.deepEqual(of({ "cache-imports": "", "cache-from": "" }), []);
  });
});

describe("proxyEnvironment", () => {
  const of = (frontend: Record<string, string>) => proxyEnvironment({ frontend, sessionId: "" });

  it("comes from the build arguments for proxies, in capitals or not", () => {
    const others = { "build-arg:MY_HTTP_PROXY": "c", "label:http_proxy": "d" };
    const given = { "build-arg:no_proxy": "a", "build-arg:HTTPS_PROXY": "b", ...others };
    assert.deepEqual(of(given), { https_proxy: "b", no_proxy: "a" });
  });

  it("is absent without any", () => assert.equal(of({ "build-arg:A": "b" }), undefined));
});

describe("ignoresCache", () => {
  const cases: [option: string | undefined, stage: string | undefined, ignores: boolean][] = [
    [undefined, "a", false],
    ["", "a", true],
    ["", undefined, true],
    ["b, A", "a", true],
    ["b", "a", false],
    ["b", undefined, false],
  ];
  for (const [option, stage, ignores] of cases) {
    it(`is ${ignores} for no-cache ${option} and stage ${stage}`, () => {
      const frontend = option === undefined ? {} : { "no-cache": option };
      assert.equal(ignoresCache({ frontend, sessionId: "" }, stage), ignores);
    });
  }
});

describe("replacesStage", () => {
  const options = {
    frontend: { "context:a": "x", "context:b::linux/amd64": "x", "context:cc": "x" },
    sessionId: "",
  };
  const cases: [stage: string | undefined, replaced: boolean][] = [
    ["a", true],
    ["A", true],
    ["b", true],
    ["c", false],
    [undefined, false],
  ];
  for (const [stage, replaced] of cases) {
    it(`is ${replaced} of ${stage}`, () => assert.equal(replacesStage(options, stage), replaced));
  }
});
