import assert from "node:assert/strict";
import { Result } from "../gen/gateway.js";
import type { UpstreamRequest } from "../upstream/request.js";
import { buildPlatforms } from "./platforms.js";

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** A build that reports the platform of its request, like upstream. */
function recorder(named = true) {
  const asked: Readonly<Record<string, string>>[] = [];
  const build = async ({ options }: UpstreamRequest): Promise<Result> => {
    asked.push(options);
    const ID = options.platform ?? "linux/default";
    const platforms = { "refs.platforms": json({ Platforms: [{ ID, Platform: { os: "linux" } }] }) };
    return Result.fromPartial({
      result: { $case: "ref", value: { id: `ref of ${ID}` } },
      metadata: { "containerimage.config": json(ID), other: json("x"), ...(named && platforms) },
    });
  };
  return { asked, build };
}

const request = (options: Record<string, string>): UpstreamRequest => ({ options, inputs: {} });

/** IDs of a result's platforms with their refs and configs, or the one ref. */
function shape({ result, metadata }: Result): unknown {
  if (result?.$case !== "refs") return result?.$case === "ref" ? result.value.id : undefined;
  const list = JSON.parse(String(metadata["refs.platforms"])) as { Platforms: { ID: string }[] };
  return list.Platforms.map(({ ID }) => [
    ID,
    result.value.refs[ID]?.id,
    JSON.parse(String(metadata[`containerimage.config/${ID}`])),
  ]);
}

describe("buildPlatforms", () => {
  it("leaves a build for one platform as it is", async () => {
    for (const options of [
      {},
      { platform: "linux/arm64" },
      { platform: "linux/arm64", "multi-platform": "0" },
    ]) {
      const { asked, build } = recorder();
      const result = await buildPlatforms(request(options), build);
      assert.equal(result.result?.$case, "ref");
      assert.deepEqual(asked, [options]);
    }
  });

  const both = [
    ["linux/amd64", "ref of linux/amd64", "linux/amd64"],
    ["linux/arm64", "ref of linux/arm64", "linux/arm64"],
  ];

  it("builds for each, and joins the results", async () => {
    const { asked, build } = recorder();
    const options = { platform: "linux/amd64, linux/arm64", "multi-platform": "true", target: "x" };
    const result = await buildPlatforms(request(options), build);
    assert.deepEqual(shape(result), both);
    assert.deepEqual(
      asked.map((one) => one),
      ["linux/amd64", "linux/arm64"].map((platform) => ({
        platform,
        "multi-platform": "true",
        target: "x",
      })),
    );
    assert.equal(String(result.metadata.other), '"x"');
    assert.equal(result.metadata["containerimage.config"], undefined);
  });

  it("does not wait for one platform before it begins with the other", async () => {
    const { asked, build } = recorder();
    const begun = async (one: UpstreamRequest): Promise<Result> => {
      const result = build(one);
      while (asked.length < both.length) await new Promise(setImmediate);
      return result;
    };
    const result = await buildPlatforms(request({ platform: "linux/amd64,linux/arm64" }), begun);
    assert.deepEqual(shape(result), both);
  });

  it("adds the platforms to results that do not name them", async () => {
    const { build } = recorder(false);
    assert.deepEqual(
      shape(await buildPlatforms(request({ platform: "linux/amd64,linux/arm64" }), build)),
      both,
    );
  });

  it("gives a map for one platform if asked to", async () => {
    for (const flag of ["multi-platform", "build-arg:BUILDKIT_MULTI_PLATFORM"]) {
      const { asked, build } = recorder();
      const named = await buildPlatforms(request({ platform: "linux/amd64", [flag]: "1" }), build);
      assert.deepEqual(shape(named), both.slice(0, 1));
      assert.deepEqual(asked, [{ platform: "linux/amd64", "multi-platform": "true" }]);
      const unnamed = await buildPlatforms(request({ [flag]: "1" }), recorder().build);
      assert.deepEqual(shape(unnamed), [["linux/default", "ref of linux/default", "linux/default"]]);
    }
  });
});
