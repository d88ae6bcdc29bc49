import assert from "node:assert/strict";
import { type Answers, FakeBuilder, Refusal } from "../../test/harness/fake-builder.js";
import { LarderError } from "../error.js";
import { Result, type SolveRequest } from "../gen/gateway.js";
import { type Bridge, openBridge } from "./bridge.js";

describe("bridge", function () {
  // A busy machine may need this long.
  this.timeout(20_000);
  let builder: FakeBuilder | undefined;
  afterEach(() => builder?.stop());

  async function bridgeTo(answers: Answers): Promise<Bridge> {
    builder = await FakeBuilder.start(answers);
    const { input, output } = builder.pipes();
    return openBridge({ input, output });
  }

  /** The error of a failed call. */
  async function errorOf(call: Promise<unknown>): Promise<LarderError> {
    const error = await call.then(
      () => assert.fail("the call succeeded"),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof LarderError);
    return error;
  }

  it("asks for results in the new form", async () => {
    const requests: SolveRequest[] = [];
    const result = Result.fromPartial({ result: { $case: "ref", value: { id: "r" } } });
    const bridge = await bridgeTo({
      solve: (request) => {
        requests.push(request);
        return result;
      },
    });
    assert.deepEqual(await bridge.solve({ Frontend: "dockerfile.v0" }), result);
    const [request] = requests;
    assert.deepEqual(
      [request?.Frontend, request?.allowResultReturn, request?.allowResultArrayRef],
      ["dockerfile.v0", true, true],
    );
  });

  it("repeats --cache-from with each solve", async () => {
    const requests: SolveRequest[] = [];
    builder = await FakeBuilder.start({
      solve: (request) => {
        requests.push(request);
        return Result.fromPartial({});
      },
    });
    const { input, output } = builder.pipes();
    const imports = [{ Type: "registry", Attrs: { ref: "host/cache" } }];
    const bridge = openBridge({ cacheImports: imports, input, output });
    await bridge.solve({ Frontend: "dockerfile.v0" });
    assert.deepEqual(requests[0]?.CacheImports, imports);
  });

  it("treats a solve without a result as a fault", async () => {
    const bridge = await bridgeTo({ solve: () => undefined });
    await assert.rejects(bridge.solve({}), { message: "the builder answered a solve without a result" });
  });

  it("reads files of more than gRPC's usual 4 MiB, many at a time", async () => {
    const file = (path: string) => Buffer.alloc(path === "a" ? 5_000_000 : 100_000, path);
    const bridge = await bridgeTo({ readFile: (_, path) => file(path) });
    const paths = ["a", "b", "c", "d"];
    const read = await Promise.all(paths.map((path) => bridge.readFile("ref", path)));
    for (const [index, path] of paths.entries()) assert.ok(read[index]?.equals(file(path)), path);
  });

  it("keeps code, message and details of an error", async () => {
    const details = [
      { type_url: "github.com/moby/buildkit/errdefs.Source+json", value: Buffer.from("{}") },
      { type_url: "github.com/moby/buildkit/errdefs.Vertex+json", value: Buffer.from([0, 255, 37]) },
    ];
    const bridge = await bridgeTo({
      evaluate: () => {
        throw new Refusal("process did not complete: 100% »", { code: 2, details });
      },
    });
    const error = await errorOf(bridge.evaluate("ref"));
    assert.deepEqual(
      [error.code, error.message, error.details],
      [2, "process did not complete: 100% »", details],
    );
  });

  it("uses gRPC's own code and message if there are no details", async () => {
    const error = await errorOf((await bridgeTo({})).ping());
    assert.deepEqual([error.code, error.message, error.details], [12, "Ping is not implemented", []]);
  });

  it("gets a complete error, however long it is", async () => {
    const details = [30_000, 200_000].map((size) => ({
      type_url: "t",
      value: Buffer.alloc(size, "0123456789 %»\0"),
    }));
    const bridge = await bridgeTo({
      evaluate: (ref) => {
        throw new Refusal(`${ref}: ${"long ".repeat(5_000)}`, { details });
      },
      ping: () => ({ LLBCaps: [] }),
    });
    for (const ref of ["first", "second"]) {
      const error = await errorOf(bridge.evaluate(ref));
      assert.ok(error.message === `${ref}: ${"long ".repeat(5_000)}`);
      for (const [index, { value }] of details.entries())
        assert.ok(error.details[index]?.value.equals(value));
      assert.deepEqual((await bridge.ping()).LLBCaps, []);
    }
  });

  it("gets a complete long message without details", async () => {
    const message = `100% »${"x".repeat(100_000)}`;
    const bridge = await bridgeTo({
      evaluate: () => {
        throw new Refusal(message);
      },
    });
    assert.ok((await errorOf(bridge.evaluate("ref"))).message === message);
  });

  it("fails at once where the builder is gone", async () => {
    const bridge = await bridgeTo({
      ping: () => {
        builder?.breakOff();
        return { LLBCaps: [] };
      },
    });
    assert.equal((await errorOf(bridge.ping())).code, 14);
    assert.equal((await errorOf(bridge.ping())).code, 14);
  });
});
