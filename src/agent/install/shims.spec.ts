import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { CatalogFiles } from "../../shelf/catalog-files.js";
import { addShim, daemonShim, embeddingShims, type Shim } from "./shims.js";

const programs = fileURLToPath(new URL("../../attach", import.meta.url));

describe("the program that stands before a daemon", () => {
  let stage = "";
  let out = "";
  beforeEach(() => {
    stage = mkdtempSync(`${tmpdir()}/larder-stage-`);
    out = mkdtempSync(`${tmpdir()}/larder-out-`);
  });
  afterEach(() => {
    for (const folder of [stage, out]) rmSync(folder, { recursive: true });
  });

  function install(path: string): void {
    mkdirSync(`${stage}${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
    writeFileSync(stage + path, "#!/bin/true\n", { mode: 0o755 });
  }

  async function shimOf(path: string, shim: Shim, at: string): Promise<string> {
    const files = new CatalogFiles();
    await addShim(files, stage, [`PATH=${path}`], shim, programs);
    await files.write(out);
    return readFileSync(out + at, "utf8");
  }

  it("is in /usr/local/sbin if that comes first, and becomes the daemon", async () => {
    install("/usr/sbin/dockerd");
    const text = await shimOf("/usr/local/sbin:/usr/sbin", daemonShim("dockerd"), "/usr/local/sbin/dockerd");
    assert.match(text, /^real=\/usr\/sbin\/dockerd$/m);
    assert.match(text, /"\$attach" dockerd "\$@"$/m);
    assert.match(text, /^commands=''$/m);
    assert.doesNotMatch(text, /@[A-Z]+@/);
  });

  it("is not in a directory before that, which may be on a volume", async () => {
    install("/bin/containerd");
    await shimOf("/var/lib/x/bin:/usr/local/bin:/bin", daemonShim("containerd"), "/usr/local/bin/containerd");
  });

  it("is in the first directory of PATH if PATH has none of those", async () => {
    install("/bin/containerd");
    await shimOf("/opt/one:/opt/two:/bin", daemonShim("containerd"), "/opt/one/containerd");
  });

  it("is never below a file, and finds its place in any spelling", async () => {
    install("/bin/containerd");
    await shimOf(
      "/bin/containerd/x:/opt/my tools:/bin",
      daemonShim("containerd"),
      "/opt/my tools/containerd",
    );
    await shimOf("/opt/a:/usr//local/sbin/:/bin", daemonShim("containerd"), "/usr/local/sbin/containerd");
  });

  it("attaches a root that PRELOAD names for the commands that start a daemon, and for no others", async () => {
    install("/bin/k3s");
    const [shim] = embeddingShims("/var/lib/it's");
    assert.ok(shim);
    const text = await shimOf("/usr/local/sbin:/bin", shim, "/usr/local/sbin/k3s");
    assert.match(text, /^commands=' server agent '$/m);
    assert.ok(text.includes(`"$attach" containerd '--root=/var/lib/it'\\''s'\n`), text);
  });

  it("does not exist if the stage has no such daemon", async () => {
    const files = new CatalogFiles();
    await addShim(files, stage, ["PATH=/bin"], daemonShim("containerd"), programs);
    assert.deepEqual(files.directories(), []);
  });

  it("cannot exist if the daemon is in the first directory of PATH", async () => {
    install("/usr/local/sbin/containerd");
    await assert.rejects(
      addShim(new CatalogFiles(), stage, ["PATH=/usr/local/sbin:/bin"], daemonShim("containerd"), programs),
      /^LarderError: no directory comes before \/usr\/local\/sbin in .* its own containerd: say ENV PATH=/,
    );
  });
});
