import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { skip } from "../../src/testing.js";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { lab } from "../harness/lab.js";
import { assertSentence, refusal } from "./refused.js";
import { FaultyRegistry } from "./registry.js";

const ca = fileURLToPath(new URL("certificates/ca.pem", import.meta.url));
const other = fileURLToPath(new URL("certificates/other.pem", import.meta.url));

/** The lab's engines do not check certificates themselves. */
describe("errors: a registry with a certificate of its own authority", () => {
  let registry: FaultyRegistry;
  let image: string;
  let folder: string;

  before(async function () {
    if (/^(?:127\.|localhost)/.test(lab.registry))
      skip(this, "certificates of loopback addresses are not checked");
    registry = await FaultyRegistry.start("certificate");
    image = `${registry.address}/busybox:1`;
    folder = mkdtempSync(join(tmpdir(), "larder-ca-"));
  });
  after(async () => {
    await cleanUp();
    if (folder) rmSync(folder, { recursive: true });
  });

  function request(secret?: string) {
    const shows = `PRELOAD ${image}`;
    const secrets = secret === undefined ? [] : ["--secret", `id=larder-ca,src=${secret}`];
    // A later test may get the same port, and would find the image in the cache.
    return { dockerfile: `FROM ${lab.system}\n${shows}\n`, shows, args: [...secrets, "--no-cache"] };
  }

  it("the authority is not given", async () => {
    assertSentence(
      await refusal(request()),
      image,
      /^the certificate of the registry \S+ is signed by an unknown authority: give its CA with --secret id=larder-ca,src=ca\.pem, or turn the check off with --build-arg LARDER_INSECURE_REGISTRIES=\S+ \(.*x509: .*\)$/,
    );
  });

  it("another authority was given", async () => {
    assertSentence(
      await refusal(request(other)),
      image,
      /^the certificate of the registry \S+ is signed by none of the 1 in the secret larder-ca: put the CA into it that signs this one \(.*\)$/,
    );
  });

  it("the authority is no certificate", async () => {
    const file = join(folder, "ca.pem");
    writeFileSync(file, readFileSync(ca, "utf8").slice(0, 200));
    assertSentence(
      await refusal(request(file)),
      image,
      /^the secret larder-ca: a certificate in it has no end: it has been cut off; give the registry's CA with --secret id=larder-ca,src=ca\.pem$/,
    );
  });

  it("the authority is one of several: it builds", async () => {
    const file = join(folder, "all.pem");
    writeFileSync(file, `# ours\n${readFileSync(other, "utf8")}${readFileSync(ca, "utf8")}`);
    const { shows: _, ...asked } = request(file);
    await build({ ...asked, tag: "e2e-errors-certificate:1" });
    // The secret is in no cache key, so the fetched image is there without it.
    await build({ ...asked, args: [], tag: "e2e-errors-certificate:1" });
  });
});
