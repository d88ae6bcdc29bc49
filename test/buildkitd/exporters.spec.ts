import assert from "node:assert/strict";
import { join } from "node:path";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { output } from "../harness/command.js";
import { docker } from "../harness/docker.js";
import { lab, labImage } from "../harness/lab.js";
import { OciLayout } from "../harness/oci-layout.js";
import { pushInnerImage, type RegistryImage, registryImage } from "../harness/registry-image.js";
import { dockerfile, inner, temporary } from "./fixture.js";

/** Only the shelf: the export of a whole system image into a folder would take too long. */
const shelf = `${dockerfile}FROM scratch\nCOPY --from=system /usr/lib/larder /shelf\n`;

interface Provenance {
  readonly buildDefinition: {
    readonly resolvedDependencies: readonly { readonly digest: { readonly sha256: string } }[];
    readonly externalParameters: {
      readonly request: { readonly frontend: string; readonly args: Readonly<Record<string, string>> };
    };
  };
}

describe("exporters and attestations", () => {
  const tag = labImage("e2e/exporters:1");
  let image: RegistryImage;

  const exported = (type: string, text = dockerfile) => build({ dockerfile: text, args: ["--output", type] });

  before(async () => {
    await exported(`type=image,name=${tag},push=true`);
    image = await registryImage(tag);
  });
  after(cleanUp);

  it("type=docker, the type of --load", async () => {
    const loaded = "e2e-exporters:loaded";
    await build({ dockerfile, tag: loaded, args: ["--load"] });
    const layers = await docker(["image", "inspect", "--format", "{{json .RootFS.Layers}}", loaded]);
    assert.deepEqual(JSON.parse(layers), image.diffIds);
  });

  it("type=tar and type=local", async () => {
    const folder = temporary();
    await exported(`type=local,dest=${join(folder, "local")}`, shelf);
    await exported(`type=tar,dest=${join(folder, "tar")}`, shelf);
    const found = await output("find", [join(folder, "local"), "-mindepth", "1", "-printf", "%P\\n"]);
    const local = found.trim().split("\n").sort();
    const listed = await output("tar", ["--quoting-style=literal", "-tf", join(folder, "tar")]);
    const tar = listed.trim().split("\n");
    assert.deepEqual(tar.map((name) => name.replace(/\/$/, "")).sort(), local);
    assert.ok(local.includes("shelf/bin/attach"), local.slice(0, 20).join("\n"));
    assert.ok(
      local.some((name) => name.endsWith("usr/sbin/nginx")),
      "files of an inner image",
    );
  });

  describe("type=oci, with an SBOM and provenance", () => {
    let layout: OciLayout;
    before(async () => {
      const scanner = await pushInnerImage("scanner", new URL("scanner/Dockerfile", import.meta.url));
      const folder = join(temporary(), "layout");
      const attest = [`--sbom=generator=${scanner.reference}`, "--provenance=mode=max,version=v1"];
      await build({ dockerfile, args: [...attest, "--output", `type=oci,tar=false,dest=${folder}`] });
      layout = new OciLayout(folder);
    });

    it("has the same layers", () => {
      assert.deepEqual(layout.diffIds(), image.diffIds);
    });

    it("its SBOM includes the shelf", () => {
      const sbom = layout.attestations().get("https://spdx.dev/Document");
      assert.deepEqual(sbom, { name: "answer.json bin catalog docker-version layers preload.json" });
    });

    it("its provenance has the inner images among the materials, and the client's request", async () => {
      const provenance = layout.attestations().get("https://slsa.dev/provenance/v1") as Provenance;
      const { resolvedDependencies, externalParameters } = provenance.buildDefinition;
      const digests = resolvedDependencies.map(({ digest }) => `sha256:${digest.sha256}`);
      const images = [lab.system, lab.frontend, ...inner];
      const wanted = await Promise.all(images.map(async (name) => (await registryImage(name)).digest));
      for (const digest of wanted) assert.ok(digests.includes(digest), `${digest} is not in ${digests}`);
      const { frontend, args } = externalParameters.request;
      assert.deepEqual([frontend, args.source], ["gateway.v0", lab.frontend]);
    });
  });
});
