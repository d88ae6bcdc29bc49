import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
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

  it("is where all users look, for a program that is started for each command", async () => {
    install("/usr/bin/podman");
    await shimOf("/usr/local/sbin:/usr/local/bin:/usr/bin", daemonShim("podman"), "/usr/local/bin/podman");
  });

  it("attaches for a command whatever the arguments behind it, and not where it only prints", async () => {
    install("/usr/bin/podman");
    const text = await shimOf("/usr/local/bin:/usr/bin", daemonShim("podman"), "/usr/local/bin/podman");
    writeFileSync(`${out}/attach`, "#!/bin/sh\necho attached\n", { mode: 0o755 });
    writeFileSync(`${out}/real`, "#!/bin/sh\necho real\n", { mode: 0o755 });
    const own = text
      .replace(/^attach=.*$/m, `attach=${out}/attach`)
      .replace(/^real=.*$/m, `real=${out}/real`);
    writeFileSync(`${out}/podman`, own, { mode: 0o755 });
    const run = (...args: string[]): string =>
      spawnSync(`${out}/podman`, args, { env: { PATH: "/nowhere" }, encoding: "utf8" }).stdout;
    for (const args of [[], ["run", "-v", "a:b", "redis", "--help"], ["images"], ["--root", "/x", "ps"]])
      assert.equal(run(...args), "attached\nreal\n", args.join(" "));
    for (const args of [["--version"], ["-v"], ["help", "run"], ["version"]])
      assert.equal(run(...args), "real\n", args.join(" "));
  });

  it("does not exist if the stage has no such daemon", async () => {
    const files = new CatalogFiles();
    await addShim(files, stage, ["PATH=/bin"], daemonShim("containerd"), programs);
    assert.deepEqual(files.directories(), []);
  });

  describe("that comes later", () => {
    const later = daemonShim("dockerd", true);

    /** The shim in a directory that PATH has first, run by its name. @param directories behind it in PATH. */
    async function run(
      ...directories: string[]
    ): Promise<{ code: number | null; said: string; out: string }> {
      await shimOf("/usr/local/sbin:/usr/bin", later, "/usr/local/sbin/dockerd");
      const PATH = [`${out}/usr/local/sbin`, ...directories, "/usr/bin", "/bin"].join(":");
      const { status, stdout, stderr } = spawnSync("dockerd", ["--debug", "a b"], {
        env: { PATH },
        encoding: "utf8",
      });
      return { code: status, said: stderr, out: stdout };
    }

    it("is the program that PATH has when it runs", async () => {
      const bin = `${out}/it's a directory`;
      mkdirSync(bin);
      mkdirSync(`${out}/empty`);
      writeFileSync(`${bin}/dockerd`, "#!/bin/sh\nprintf '%s|' real \"$@\"\n", { mode: 0o755 });
      assert.deepEqual(await run(`${out}/empty`, bin), { code: 0, said: "", out: "real|--debug|a b|" });
    });

    it("says that there is none, and is not its own daemon", async () => {
      const { code, said } = await run(`${out}/usr/local/../local/sbin`);
      assert.equal(code, 127);
      assert.match(
        said,
        /^larder: there is no dockerd in PATH: .* install it, or add its directory to PATH\n$/,
      );
    });

    it("is not where packages put the daemon, over links either", async () => {
      symlinkSync("usr/bin", `${stage}/bin`);
      await shimOf("/bin:/usr/bin:/opt/x:/usr/local/bin", later, "/usr/local/bin/dockerd");
      await shimOf("/bin:/usr/bin:/opt/x", later, "/opt/x/dockerd");
      await assert.rejects(
        addShim(new CatalogFiles(), stage, ["PATH=/bin:/usr/sbin"], later, programs),
        /^LarderError: no directory of .* \(\/bin:\/usr\/sbin\) comes before .* dockerd .*: say ENV PATH=/,
      );
    });

    it("stays in its place at a later PRELOAD, with the daemon or without", async () => {
      const text = await shimOf("/usr/local/bin:/usr/bin", later, "/usr/local/bin/dockerd");
      install("/usr/local/bin/dockerd");
      writeFileSync(`${stage}/usr/local/bin/dockerd`, text);
      assert.equal(await shimOf("/usr/local/sbin:/usr/local/bin", later, "/usr/local/bin/dockerd"), text);
      install("/usr/bin/dockerd");
      const path = "/usr/local/sbin:/usr/local/bin:/usr/bin";
      const found = await shimOf(path, daemonShim("dockerd"), "/usr/local/bin/dockerd");
      assert.match(found, /^real=\/usr\/bin\/dockerd$/m);
    });

    it("has the same text as before if the stage has the daemon already", async () => {
      install("/usr/bin/dockerd");
      const [now, as] = [daemonShim("dockerd"), later].map((shim) =>
        shimOf("/usr/local/sbin:/usr/bin", shim, "/usr/local/sbin/dockerd"),
      );
      assert.equal(await as, await now);
      assert.match((await now) ?? "", /^unset IFS\n\n\[ -z /m);
    });
  });

  it("cannot exist if the daemon is in the first directory of PATH", async () => {
    install("/usr/local/sbin/containerd");
    await assert.rejects(
      addShim(new CatalogFiles(), stage, ["PATH=/usr/local/sbin:/bin"], daemonShim("containerd"), programs),
      /^LarderError: no directory comes before \/usr\/local\/sbin in .* its own containerd: say ENV PATH=/,
    );
  });
});
