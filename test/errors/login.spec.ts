import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { clientConfig } from "../harness/client-config.js";
import { lab } from "../harness/lab.js";
import { login } from "./faults.js";
import { assertSentence, type RefusedBuild, refusal } from "./refused.js";
import { FaultyRegistry } from "./registry.js";

const refusedLogin =
  /^its registry refused the login, or it does not exist; check the name, and log in with docker login \(.*\)$/;

describe("errors: the login", () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "larder-login-"));
  });
  after(async () => {
    await cleanUp();
    rmSync(folder, { recursive: true });
  });

  function configWith(name: string, address: string, password: string): string {
    return clientConfig(join(folder, name), address, { ...login, password });
  }

  function request(registry: FaultyRegistry, config?: string, secret?: string): RefusedBuild {
    const shows = `PRELOAD ${registry.address}/busybox:1`;
    return {
      dockerfile: `FROM ${lab.system}\n${shows}\nRUN echo below\n`,
      shows,
      args: [
        ...registry.allowed,
        ...(secret ? ["--secret", `id=larder-auth,src=${secret}/config.json`] : []),
      ],
      ...(config === undefined ? {} : { env: { DOCKER_CONFIG: config } }),
    };
  }

  /** A config as Docker Desktop and the cloud providers' helpers write it. */
  function helperConfig(name: string, config: object): string {
    const path = join(folder, name);
    mkdirSync(path);
    writeFileSync(join(path, "config.json"), JSON.stringify(config));
    return path;
  }

  it("a helper that is not needed: the image is public", async () => {
    const registry = await FaultyRegistry.start("none");
    const helpers = helperConfig("needless", {
      credsStore: "desktop",
      credHelpers: { [registry.address]: "cloud" },
    });
    const { shows: _, ...asked } = request(registry, undefined, helpers);
    await build({ ...asked, args: [...(asked.args ?? []), "--no-cache"], tag: "e2e-errors-login:1" });
  });

  for (const fault of ["unauthorized", "forbidden"] as const) {
    it(`a registry that refuses everyone: ${fault}`, async () => {
      const registry = await FaultyRegistry.start(fault);
      assertSentence(await refusal(request(registry)), `${registry.address}/busybox:1`, refusedLogin);
    });
  }

  describe("a private registry", () => {
    let registry: FaultyRegistry;
    let right: string;
    let wrong: string;
    let image: string;

    before(async () => {
      registry = await FaultyRegistry.start("login");
      image = `${registry.address}/busybox:1`;
      right = configWith("right", registry.address, login.password);
      wrong = configWith("wrong", registry.address, "a guess");
    });

    it("no login at all", async () => {
      assertSentence(await refusal(request(registry)), image, refusedLogin);
    });

    it("a wrong login of the client", async () => {
      const refused = await refusal(request(registry, wrong, wrong));
      assertSentence(refused, image, refusedLogin);
      assertNoSecret(refused.log, "a guess");
    });

    it("a login of the client, but none for the build step", async () => {
      assertSentence(
        await refusal(request(registry, right)),
        image,
        /^the registry \S+ wants a login, or the image does not exist: pass one with --secret id=larder-auth,src=\$HOME\/\.docker\/config\.json/,
      );
    });

    it("a wrong login for the build step", async () => {
      const refused = await refusal(request(registry, right, wrong));
      assertSentence(
        refused,
        image,
        /^the registry \S+ refuses the login of the secret larder-auth, or the image does not exist: docker login \S+ again/,
      );
      assertNoSecret(refused.log, "a guess");
    });

    for (const [name, program, config] of [
      ["store", "desktop", (address: string) => ({ auths: { [address]: {} }, credsStore: "desktop" })],
      ["helper", "cloud", (address: string) => ({ credHelpers: { [address]: "cloud" } })],
    ] as const) {
      it(`a login that a helper keeps, as ${name}`, async () => {
        const helpers = helperConfig(name, config(registry.address));
        assertSentence(
          await refusal(request(registry, right, helpers)),
          image,
          new RegExp(
            `^the registry \\S+ wants a login, or the image does not exist; the secret larder-auth leaves the login to the helper docker-credential-${program}, which a build step cannot run: give a config with the login in it, .*"auth":"\\.\\.\\."`,
          ),
        );
      });
    }

    it("no JSON", async () => {
      const path = helperConfig("broken", {});
      writeFileSync(join(path, "config.json"), `{"auths": "${login.password}`);
      const refused = await refusal(request(registry, right, path));
      assertSentence(refused, image, /^the secret larder-auth is not JSON: give Docker's config\.json$/);
      assertNoSecret(refused.log, login.password);
    });

    it("the right login builds, beside a helper too", async () => {
      const { auths } = JSON.parse(readFileSync(join(right, "config.json"), "utf8"));
      const both = helperConfig("both", { auths, credHelpers: { [registry.address]: "cloud" } });
      const { shows: _, ...asked } = request(registry, right, both);
      const args = [...(asked.args ?? []), "--no-cache"];
      assertNoSecret(await build({ ...asked, args, tag: "e2e-errors-login:1" }), login.password);
    });

    it("the right login builds", async () => {
      const { shows: _, ...asked } = request(registry, right, right);
      assertNoSecret(await build({ ...asked, tag: "e2e-errors-login:1" }), login.password);
    });
  });
});

function assertNoSecret(log: string, password: string): void {
  const forms = [password, Buffer.from(`${login.username}:${password}`).toString("base64")];
  for (const form of forms) assert.ok(!log.includes(form), `the log has ${form}:\n${log}`);
}
