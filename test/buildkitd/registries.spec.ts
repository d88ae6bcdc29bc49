import assert from "node:assert/strict";
import { join } from "node:path";
import { skip } from "../../src/testing.js";
import { login } from "../errors/faults.js";
import { pushUnknown } from "../errors/odd-images.js";
import { assertSentence, refusal } from "../errors/refused.js";
import { FaultyRegistry } from "../errors/registry.js";
import { type Build, build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { clientConfig } from "../harness/client-config.js";
import { builder, lab } from "../harness/lab.js";
import { registryImage } from "../harness/registry-image.js";
import { pushIndex } from "../inner-docker/images.js";
import { pushSmallImages } from "../many-images/small-images.js";
import { target, temporary } from "./fixture.js";

/** The builder gives single blobs: what it and its client know of registries is enough, and no step has a network. */
describe("registries of a builder that gives blobs", () => {
  before(function () {
    if (!builder.givesBlobs) skip(this, "this version of BuildKit does not give single blobs");
  });
  after(cleanUp);

  /** @param address The registry's, instead of the one that the image is pushed to. */
  function nameIn(address: string, image: string): string {
    return image.replace(lab.registry, address);
  }

  async function buildsWith(image: string, request: Partial<Build> = {}): Promise<void> {
    const log = await build({ dockerfile: `FROM ${lab.system}\nPRELOAD ${image}\n`, ...request });
    assert.match(log, /^#\d+ \d+\.\d+ unpacked layer sha256:/m);
    // The name of the step that has a network ends with the image.
    assert.doesNotMatch(log, /^#\d+ \[larder\] fetch \S+$/m);
  }

  it("a private registry, with the client's login alone", async () => {
    const registry = await FaultyRegistry.start("login");
    const image = nameIn(registry.address, await pushUnknown());
    const shows = `PRELOAD ${image}`;
    assertSentence(
      await refusal({ dockerfile: `FROM ${lab.system}\n${shows}\n`, shows }),
      image,
      /^its registry refused the login, or it does not exist; check the name, and log in with docker login/,
    );
    await buildsWith(image, {
      env: { DOCKER_CONFIG: clientConfig(join(temporary(), "config"), registry.address, login) },
    });
  });

  it("a registry that the builder reaches by a mirror", async () => {
    await buildsWith(nameIn(target().mirrored, await pushUnknown()));
  });

  it("a registry with a certificate that the builder knows", async () => {
    const registry = await FaultyRegistry.start("certificate");
    await buildsWith(nameIn(registry.address, await pushUnknown()));
  });

  it("a registry that denies OCI's manifests to who names no media type: a step takes them, and nothing else", async () => {
    const images = await pushSmallImages("denied", [{ tag: "1", layers: [["denied"]] }]);
    for (const reference of [...images, (await pushIndex()).reference]) {
      const log = await build({
        dockerfile: `FROM ${lab.system}\nPRELOAD ${reference}\n`,
        args: ["--no-cache"],
      });
      const steps = [...log.matchAll(/^#\d+ \[larder\] fetch \S+ (.*)$/gm)].map(([, what]) => what);
      assert.ok(steps.includes("manifest") && steps.some((what) => /^layer 1\//.test(what ?? "")), log);
      assert.doesNotMatch(log, /^#\d+ \[larder\] fetch \S+$/m);
    }
  });

  it("a private registry that denies them, too: that step has the login of larder-auth", async () => {
    const registry = await FaultyRegistry.start("login");
    const [pushed = ""] = await pushSmallImages("denied", [{ tag: "1", layers: [["denied"]] }]);
    const image = nameIn(registry.address, pushed);
    const config = clientConfig(join(temporary(), "config"), registry.address, login);
    await build({
      dockerfile: `FROM ${lab.system}\nPRELOAD ${image}\n`,
      env: { DOCKER_CONFIG: config },
      args: [...registry.allowed, "--secret", `id=larder-auth,src=${config}/config.json`],
    });
    // The same without the secret: the builder's source has the client's login, and the step has none.
    const shows = `PRELOAD ${image}`;
    const dockerfile = `FROM ${lab.system}\nRUN echo again\n${shows}\n`;
    const args = [...registry.allowed, "--no-cache"];
    assertSentence(
      await refusal({ dockerfile, shows, env: { DOCKER_CONFIG: config }, args }),
      image,
      /^the registry \S+ wants a login, .*: pass one with --secret id=larder-auth/,
    );
  });

  it("a registry that corrupts a layer", async () => {
    const registry = await FaultyRegistry.start("corrupt");
    const pushed = await pushUnknown();
    const [blob] = (await registryImage(pushed)).blobs;
    const image = nameIn(registry.address, pushed);
    const shows = `PRELOAD ${image}`;
    assertSentence(
      await refusal({ dockerfile: `FROM ${lab.system}\n${shows}\n`, shows }),
      image,
      // BuildKit 0.28 gives it as it is, and the unpack step finds it out.
      new RegExp(`^its layer ${blob} is corrupt(:| in the registry:) .*push the image again`),
    );
  });

  it("a registry whose connection drops in the middle of a layer: the builder takes the rest", async () => {
    const registry = await FaultyRegistry.start("drop-once");
    await buildsWith(nameIn(registry.address, await pushUnknown()));
    assert.match(registry.deeds.join("\n"), /^dropped \/v2\/\S+\/blobs\/sha256:[0-9a-f]{64}$/);
  });
});
