import assert from "node:assert/strict";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { gunzipSync } from "node:zlib";
import { readBolt, type Tree } from "../../src/stores/containerd/testing.js";
import { build, type Via } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { docker } from "../harness/docker.js";
import { containerdVersions, dockerStage, labImage, needsDocker } from "../harness/lab.js";
import { registryImage } from "../harness/registry-image.js";
import { innerImages, references } from "../sharing/images.js";

/** Files of a catalog by their paths: links as `-> target`, JSON and databases as data. */
type Catalog = Readonly<Record<string, unknown>>;

interface Built {
  /** diffIDs of the outer layers that hold inner layers or blobs. */
  readonly layers: readonly (string | undefined)[];
  readonly catalog: (store: string) => Catalog;
}

/** The daemon is the judge of the direct way: the same layers byte for byte, and the same catalog as data. */
describe("both ways", () => {
  const folder = mkdtempSync(`${tmpdir()}/larder-ways-`);
  after(async () => {
    rmSync(folder, { recursive: true });
    await cleanUp();
  });

  for (const version of ["20.10", "26.1", "28.5", "29.9"] as const) {
    for (const store of ["overlay2", "containerd"] as const) {
      if (version === "20.10" && store === "containerd") continue;
      it(`give the same for Docker ${version}, ${store}`, async function () {
        needsDocker(this, version);
        await compare(`${version}-${store}`, dockerStage(version, store), "", store);
      });
    }
  }

  for (const version of containerdVersions) {
    it(`give the same for containerd ${version}`, async () => {
      const stage = `FROM ${labImage(`containerd:${version}`)}\n`;
      await compare(`containerd-${version}`, stage, "--namespace=k8s.io ", "containerd");
    });
  }

  async function compare(name: string, stage: string, flags: string, store: string): Promise<void> {
    const { odd, index, busybox } = await innerImages();
    const dockerfile = `${stage}PRELOAD ${flags}${references(odd, index, busybox).join(" ")}\n`;
    const direct = await buildBy("direct", name, dockerfile);
    const daemon = await buildBy("daemon", name, dockerfile);
    assert.deepEqual(direct.layers, daemon.layers);
    assert.deepEqual(direct.catalog(store), daemon.catalog(store));
  }

  async function buildBy(via: Via, name: string, dockerfile: string): Promise<Built> {
    const tag = labImage(`e2e/ways-${name}-${via}:1`);
    await build({ dockerfile, tag, via, args: ["--push"] });
    const image = await registryImage(tag);
    const history = image.history.filter(({ empty_layer }) => empty_layer !== true);
    const isLayer = (position: number) => / layer /.test(history[position]?.created_by ?? "");
    const id = await docker(["create", "--pull=always", tag]);
    const at = `${folder}/${name}-${via}`;
    await docker(["cp", `${id.trim()}:/usr/lib/larder/catalog`, at]);
    await docker(["rm", id.trim()]);
    return {
      layers: image.diffIds.filter((_, position) => isLayer(position)),
      catalog: (store) => readCatalog(`${at}/${store}`),
    };
  }
});

function readCatalog(root: string): Catalog {
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).sort();
  const files = paths.map((path) => [path, readFile(root, path)] as const);
  return Object.fromEntries(files.filter(([, content]) => content !== undefined));
}

function readFile(root: string, path: string): unknown {
  const found = lstatSync(`${root}/${path}`);
  const mode = (found.mode & 0o7777).toString(8);
  if (found.isSymbolicLink()) return `-> ${readlinkSync(`${root}/${path}`)}`;
  if (found.isDirectory()) return mode;
  const content = readFileSync(`${root}/${path}`);
  if (path.endsWith(".db")) return [mode, plain(readBolt(content))];
  if (path.endsWith("/tar-split")) return [mode, joinSegments(gunzipSync(content).toString("latin1"))];
  return [mode, content.toString("latin1")];
}

/** Docker's record of a tar. Its older versions write the bytes between two files as one segment, newer ones as several. */
function joinSegments(record: string): unknown[] {
  const entries: object[] = [];
  let bytes = "";
  for (const line of record.split("\n").filter(Boolean)) {
    const { type, payload, position: _, ...entry } = JSON.parse(line) as Record<string, unknown>;
    if (type === 2) bytes += Buffer.from(String(payload), "base64").toString("latin1");
    else {
      entries.push({ bytes, ...entry, payload });
      bytes = "";
    }
  }
  return [...entries, { bytes }];
}

/**
 * The database without what depends on the daemon that wrote it: times, its own numbers of snapshots, its leases, what
 * it counts on the disk (a daemon has the whiteouts among a layer's files), and the version of its schema.
 */
function plain(tree: Tree): unknown {
  const own = /^(createdat|updatedat|size|inodes|version|name|leases|)$/;
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(tree)) {
    if (own.test(key)) continue;
    const inner = typeof value === "object" ? plain(value) : value;
    if (typeof inner === "object" && Object.keys(inner ?? {}).length === 0) continue;
    kept[key.replace(/\/\d+\//, "/n/")] = inner;
  }
  return kept;
}
