import assert from "node:assert/strict";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { lab } from "../harness/lab.js";
import { assertSentence, refusal } from "./refused.js";
import { FaultyRegistry } from "./registry.js";

describe("errors: the connection", () => {
  after(cleanUp);

  function request({ address, allowed }: FaultyRegistry) {
    const shows = `PRELOAD ${address}/busybox:1`;
    // A later test may get the same port, and would find the image in the cache.
    return { dockerfile: `FROM ${lab.system}\n${shows}\n`, shows, args: [...allowed, "--no-cache"] };
  }

  it("drops in the middle of a blob, always", async () => {
    const registry = await FaultyRegistry.start("drop");
    assertSentence(
      await refusal(request(registry)),
      `${registry.address}/busybox:1`,
      /^the connection to the registry \S+ failed or dropped at try 3: try again \(.*\)$/,
    );
    assert.ok(registry.deeds.length >= 3, registry.deeds.join("\n"));
  });

  it("drops in the middle of a blob, once: it is tried again", async () => {
    const registry = await FaultyRegistry.start("drop-once");
    const { shows: _, ...asked } = request(registry);
    await build({ ...asked, tag: "e2e-errors-drop:1" });
    assert.match(registry.deeds.join("\n"), /^dropped \/v2\/busybox\/blobs\/sha256:[0-9a-f]{64}$/);
  });

  it("corrupts a blob", async () => {
    const registry = await FaultyRegistry.start("corrupt");
    assertSentence(
      await refusal(request(registry)),
      `${registry.address}/busybox:1`,
      /^a blob from the registry \S+ is corrupt: push the image again \(.*\)$/,
    );
  });

  it("plain HTTP that was not allowed", async () => {
    const registry = await FaultyRegistry.start("none");
    assertSentence(
      await refusal({ ...request(registry), args: [] }),
      `${registry.address}/busybox:1`,
      /^the registry \S+ speaks plain HTTP: allow it with --build-arg LARDER_INSECURE_REGISTRIES=\S+/,
    );
  });
});
