import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pushHandMade } from "../exact-files/hand-made.js";
import { type Build, build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { dockerStage, lab, labImage } from "../harness/lab.js";
import { pushInnerImage, type RegistryImage } from "../harness/registry-image.js";
import { changeLayout, layerOf, type Parts, withMode } from "./change-layout.js";
import { larder } from "./larder.js";

interface Found {
  readonly images: readonly {
    readonly layers: { readonly total: number; readonly proven: number };
    readonly faults: readonly {
      outer?: number;
      layer?: string;
      images?: string[];
      path?: string;
      what: string;
    }[];
    readonly notes: readonly { what: string }[];
  }[];
}

describe("larder verify", () => {
  const work = mkdtempSync(join(tmpdir(), "larder-verify-"));
  let odd: RegistryImage;
  let handMade: RegistryImage;
  before(async () => {
    odd = await pushInnerImage("odd", new URL("../exact-files/Dockerfile", import.meta.url));
    handMade = await pushHandMade();
  });
  after(async () => {
    rmSync(work, { recursive: true });
    await cleanUp();
  });

  const preload = (options = ""): string =>
    `PRELOAD ${options} ${odd.reference}\nPRELOAD ${options} ${handMade.reference}\n`;

  /** Faults as lines, with the paths that this layer's files have in it. */
  async function faultsOf(image: string, layer = ""): Promise<string[]> {
    const { status, stdout, stderr } = await larder(["verify", "--json", image]);
    assert.equal(status, 1, stderr);
    const [found] = (JSON.parse(stdout) as Found).images;
    assert.ok(found);
    const folder = `/usr/lib/larder/layers/${layer.slice("sha256:".length)}/fs/`;
    return found.faults.map(({ path = "", what }) => `${path.replace(folder, "")}: ${what}`);
  }

  async function assertFaultless(...image: readonly string[]): Promise<void> {
    const { status, stdout, stderr } = await larder(["verify", "--json", ...image]);
    const [found] = (JSON.parse(stdout) as Found).images;
    assert.deepEqual(found?.faults, [], stderr);
    assert.deepEqual(found?.notes, []);
    const total = new Set([...odd.diffIds, ...handMade.diffIds]).size;
    assert.deepEqual(found?.layers, { total, proven: total });
    assert.equal(status, 0);
  }

  const docker28 = dockerStage("28.5", "containerd");
  const containerd = `FROM ${labImage("containerd:2.1")}\n`;
  const layouts: readonly (Pick<Build, "via" | "args"> & {
    name: string;
    stage: string;
    options?: string;
  })[] = [
    { name: "docker", stage: docker28 },
    { name: "containerd", stage: containerd },
    { name: "docker by the daemon way", stage: docker28, via: "daemon" },
    { name: "containerd by the daemon way", stage: containerd, via: "daemon" },
    { name: "containerd for Kubernetes", stage: containerd, options: "--namespace=k8s.io" },
    { name: "docker without blobs", stage: docker28, options: "--blobs=never" },
    { name: "docker with shared outer layers", stage: docker28, args: ["--build-arg", "LARDER_LAYERS=5"] },
  ];
  for (const { name, stage, options, args = [], ...way } of layouts) {
    it(`finds no fault in an OCI layout of an image of ${name}`, async () => {
      const layout = join(work, name);
      const output = ["--output", `type=oci,tar=false,dest=${layout}`];
      await build({ dockerfile: stage + preload(options), args: [...args, ...output], ...way });
      await assertFaultless(layout);
    });
  }

  it("finds no fault in an image of a registry", async () => {
    const tag = labImage("e2e/cli-verify:1");
    await build({ dockerfile: docker28 + preload(), tag, args: ["--push"] });
    await assertFaultless("--insecure", `docker://${tag}`);
  });

  describe("of an image of the engine, whose Docker has the store overlay2", () => {
    const tag = "e2e-cli-verify";
    before(() => build({ tag, dockerfile: `FROM ${lab.system}\n${preload()}` }));

    it("finds no fault", () => assertFaultless(`docker-daemon:${tag}`));

    it("names what a Dockerfile on top of it changes", async () => {
      const layer = layerWith(/mkdir kinds/);
      const folder = `/usr/lib/larder/layers/${layer.slice("sha256:".length)}/fs/odd/kinds`;
      const run = `cd ${folder} && chmod 711 setgid && rm zero-bytes && echo more >>user`;
      await build({ larder: false, tag: `${tag}-changed`, dockerfile: `FROM ${tag}\nRUN ${run}\n` });
      const found = await faultsOf(`docker-daemon:${tag}-changed`, layer);
      assert.deepEqual(
        found.filter((fault) => !/: time /.test(fault)),
        [
          "odd/kinds/setgid: mode 0711, should be 2755",
          "odd/kinds/user: size 11 bytes, should be 6 bytes",
          "odd/kinds/zero-bytes: is missing, should be a file",
        ],
      );
      // The folder and the file have been written to.
      assert.deepEqual(
        found.filter((fault) => /: time /.test(fault)).map((fault) => fault.replace(/:.*/, "")),
        ["odd/kinds", "odd/kinds/user"],
      );
    });
  });

  describe("of an OCI layout that somebody has written anew", () => {
    /** A copy of the layout with a change. All digests fit. */
    function changed(change: (parts: Parts) => void): string {
      const copy = join(work, "changed");
      rmSync(copy, { recursive: true, force: true });
      cpSync(join(work, "containerd"), copy, { recursive: true });
      changeLayout(copy, change);
      return copy;
    }

    it("names a mode, a layer that is cut off, one that is missing, and a forged label", async () => {
      const layer = layerWith(/mkdir kinds/);
      const last = layerWith(/mkdir -p \/odd\/comes\/back/, -1);
      const missing = layerWith(/mkdir -p \/odd\/many/);
      const folder = `usr/lib/larder/layers/${layer.slice("sha256:".length)}/fs`;
      const copy = changed((parts) => {
        const one = layerOf(parts, new RegExp(`layer \\d+ of \\d+, ${layer}`));
        parts.layers[one.index] = withMode(one.tar, `${folder}/odd/kinds/fifo`, 0o777);
        const other = layerOf(parts, new RegExp(`layer \\d+ of \\d+, ${last}`));
        parts.layers[other.index] = other.tar.subarray(0, other.tar.length - 1700);
        const gone = layerOf(parts, new RegExp(`layer \\d+ of \\d+, ${missing}`)).index;
        parts.layers.splice(gone, 1);
        const entries = parts.config.history.filter(({ empty_layer }) => !empty_layer);
        parts.config.history = parts.config.history.filter((entry) => entry !== entries[gone]);
        parts.config.config.Labels["io.larder.preload"] = '{"version":2,"layers":1}';
      });
      const found = await faultsOf(copy, layer);
      assert.equal(found.length, 5, found.join("\n"));
      assert.ok(found.includes("odd/kinds/fifo: mode 0777, should be 0640"));
      const gone = `/usr/lib/larder/layers/${missing.slice("sha256:".length)}`;
      assert.ok(found.includes(`${gone}: is missing, should hold the layer`));
      assert.ok(found.includes(": is no whole tar: it is cut off"));
      assert.ok(found.includes(": is not whole, since its outer layer is cut off"));
      assert.ok(
        found.some((fault) => /^: the label .* is \{"version":2,"layers":1\}, should be/.test(fault)),
      );
    });
  });

  it("ends with 1 for an image in which nothing is preloaded, and with 2 for wrong words", async () => {
    const none = await larder(["verify", `docker-daemon:${lab.system}`]);
    assert.equal(none.status, 1);
    assert.match(
      none.stderr,
      /it is no system image: it has neither the label io\.larder\.preload nor PRELOAD/,
    );
    assert.equal((await larder(["verify"])).status, 2);
    assert.equal((await larder(["verify", "--no-such", "x"])).status, 2);
  });

  /** The diffID of the layer of the odd image with this text in its history. @param from -1: the last one. */
  function layerWith(text: RegExp, from: 0 | -1 = 0): string {
    const entries = odd.history.filter(({ empty_layer }) => !empty_layer);
    const found = odd.diffIds.filter((_, index) => text.test(entries[index]?.created_by ?? ""));
    return found.at(from) ?? "";
  }
});
