import assert from "node:assert/strict";
import { type Manifest, readAttestations, readManifest } from "../harness/attestations.js";
import { build } from "../harness/build.js";
import { lab, labImage } from "../harness/lab.js";
import { type RegistryImage, registryImage } from "../harness/registry-image.js";

const repository = labImage("e2e/options-attestations");
const busybox = labImage("busybox:1");
const pause = labImage("pause:3");
const dockerfile = `FROM ${lab.system} AS system
ARG GIVEN
RUN echo "$GIVEN" >/given
PRELOAD ${busybox} ${pause}
LABEL org.example.own=own
`;

/** The SBOM of this scanner has a package for each layer on the shelf. */
const scanner = `FROM ${busybox}
COPY --chmod=755 <<"EOF" /scan
#!/bin/sh -e
packages=$(ls "$BUILDKIT_SCAN_SOURCE/usr/lib/larder/layers" | sed 's/.*/{"SPDXID":"SPDXRef-&","name":"&"}/' | paste -sd, -)
cat >"$BUILDKIT_SCAN_DESTINATION/\${BUILDKIT_SCAN_SOURCE##*/}.spdx.json" <<END
{"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://spdx.dev/Document",
 "predicate": {"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "larder", "packages": [$packages]}}
END
EOF
ENTRYPOINT ["/scan"]
`;

interface Provenance {
  readonly materials: readonly { readonly uri: string; readonly digest: { readonly sha256: string } }[];
  readonly invocation: { readonly parameters: { readonly args: Readonly<Record<string, string>> } };
  readonly buildConfig: { readonly llbDefinition: readonly unknown[] };
  readonly metadata: {
    readonly "https://mobyproject.org/buildkit@v1#metadata": {
      readonly source: { readonly infos: readonly { readonly filename: string; readonly data: string }[] };
    };
  };
}

describe("attestations, annotations and labels", () => {
  let image: RegistryImage;
  let index: Manifest;
  let manifest: Manifest;
  let attestations: ReadonlyMap<string, unknown>;

  before(async () => {
    const tag = `${repository}:1`;
    const scan = labImage("e2e/options-scanner:1");
    await build({
      larder: false,
      allowInsecure: false,
      dockerfile: scanner,
      tag: scan,
      args: ["--push"],
    });
    const args = [
      "--push",
      "--provenance=mode=max",
      `--sbom=generator=${scan}`,
      "--annotation=org.example.note=on the manifest",
      "--annotation=index:org.example.note=on the index",
      "--label=org.example.given=given",
      "--build-arg=GIVEN=word",
    ];
    await build({ dockerfile, tag, args });
    image = await registryImage(tag);
    index = await readManifest(tag);
    manifest = await readManifest(`${repository}@${image.manifestDigest}`);
    attestations = await readAttestations(repository, index, image.manifestDigest);
    assert.ok(attestations.size > 0, "the index has no attestations");
  });

  function provenance(): Provenance {
    const [type = ""] = [...attestations.keys()].filter((name) => name.includes("slsa.dev/provenance"));
    return attestations.get(type) as Provenance;
  }

  it("the inner images are among the materials, with their digests", async () => {
    const materials = new Map(provenance().materials.map(({ uri, digest }) => [uri, digest.sha256]));
    for (const name of [busybox, pause, lab.system]) {
      const { digest } = await registryImage(name);
      const uri = `pkg:docker/${name.replace(/:([^:/]+)$/, "@$1")}?platform=linux%2Famd64`;
      assert.equal(`sha256:${materials.get(uri)}`, digest, JSON.stringify([...materials]));
    }
  });

  it("the parameters are the user's", () => {
    const { args } = provenance().invocation.parameters;
    assert.deepEqual(args, {
      "build-arg:GIVEN": "word",
      cmdline: lab.frontend,
      "label:org.example.given": "given",
      source: lab.frontend,
    });
  });

  it("the steps are there with mode=max", () => {
    const steps = JSON.stringify(provenance().buildConfig.llbDefinition);
    const command = JSON.stringify('echo "$GIVEN"').slice(1, -1);
    assert.ok(steps.includes(command), command);
    // The job of a step of Larder's is an argument.
    for (const kind of ["unpack", "catalog"])
      assert.ok(steps.includes(JSON.stringify(`{"kind":"${kind}"`).slice(1, -1)), kind);
  });

  it("the Dockerfile among its sources is the user's", () => {
    const { infos } = provenance().metadata["https://mobyproject.org/buildkit@v1#metadata"].source;
    const files = infos.map(({ filename, data }) => [filename, Buffer.from(data, "base64").toString("utf8")]);
    assert.deepEqual(files, [["Dockerfile", `# syntax=${lab.frontend}\n${dockerfile}`]]);
  });

  it("the SBOM describes the image with the shelf", async () => {
    const sbom = attestations.get("https://spdx.dev/Document") as { packages: { name: string }[] };
    const inner = await Promise.all([busybox, pause].map(registryImage));
    const layers = inner.flatMap(({ diffIds }) => diffIds.map((diffId) => diffId.slice("sha256:".length)));
    assert.deepEqual(sbom.packages.map(({ name }) => name).sort(), [...new Set(layers)].sort());
  });

  it("annotations are on the manifest and on the index, labels in the config", () => {
    assert.equal(manifest.annotations?.["org.example.note"], "on the manifest");
    assert.equal(index.annotations?.["org.example.note"], "on the index");
    assert.equal(image.labels["org.example.given"], "given");
    assert.equal(image.labels["org.example.own"], "own");
    assert.ok(image.labels["io.larder.preload"]);
  });
});
