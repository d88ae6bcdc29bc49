import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pushHandMade } from "../exact-files/hand-made.js";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { type Finished, run } from "../harness/command.js";
import { dockerStage, lab, labImage } from "../harness/lab.js";
import { pushInnerImage, type RegistryImage } from "../harness/registry-image.js";
import { changeLayout, layerOf, type Parts, withMode } from "./change-layout.js";

const program = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

function larder(...args: readonly string[]): Promise<Finished> {
  return run(process.execPath, ["--import", "tsx", program, ...args]);
}

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

  const preload = (): string => `PRELOAD ${odd.reference}\nPRELOAD ${handMade.reference}`;

  /** Faults as lines, with the paths that this layer's files have in it. */
  async function faultsOf(image: string, layer = ""): Promise<string[]> {
    const { status, stdout, stderr } = await larder("verify", "--json", image);
    assert.equal(status, 1, stderr);
    const [found] = (JSON.parse(stdout) as Found).images;
    assert.ok(found);
    const folder = `/usr/lib/larder/layers/${layer.slice("sha256:".length)}/fs/`;
    return found.faults.map(({ path = "", what }) => `${path.replace(folder, "")}: ${what}`);
  }

  async function assertFaultless(image: string): Promise<void> {
    const { status, stdout, stderr } = await larder("verify", "--json", image);
    const [found] = (JSON.parse(stdout) as Found).images;
    assert.deepEqual(found?.faults, [], stderr);
    assert.deepEqual(found?.notes, []);
    const total = new Set([...odd.diffIds, ...handMade.diffIds]).size;
    assert.deepEqual(found?.layers, { total, proven: total });
    assert.equal(status, 0);
  }

  for (const [name, stage] of [
    ["docker", dockerStage("28.5", "containerd")],
    ["containerd", `FROM ${labImage("containerd:2.1")}\n`],
  ] as const) {
    it(`finds no fault in an OCI layout of an image of ${name}, whose store is containerd's`, async () => {
      const layout = join(work, name);
      const args = ["--output", `type=oci,tar=false,dest=${layout}`];
      await build({ dockerfile: `${stage}${preload()}\n`, args });
      await assertFaultless(layout);
    });
  }

  describe("of an image of the engine, whose Docker has the store overlay2", () => {
    const tag = "e2e-cli-verify";
    before(() => build({ tag, dockerfile: `FROM ${lab.system}\n${preload()}\n` }));

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
    const none = await larder("verify", `docker-daemon:${lab.system}`);
    assert.equal(none.status, 1);
    assert.match(
      none.stderr,
      /it is no system image: it has neither the label io\.larder\.preload nor PRELOAD/,
    );
    assert.equal((await larder("verify")).status, 2);
    assert.equal((await larder("verify", "--no-such", "x")).status, 2);
  });

  /** The diffID of the layer of the odd image with this text in its history. @param from -1: the last one. */
  function layerWith(text: RegExp, from: 0 | -1 = 0): string {
    const entries = odd.history.filter(({ empty_layer }) => !empty_layer);
    const found = odd.diffIds.filter((_, index) => text.test(entries[index]?.created_by ?? ""));
    return found.at(from) ?? "";
  }
});
