import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import { skip } from "../testing.js";
import { explain, image, program, reasons, texts } from "./explain-testing.js";
import { eachShell, whereIs, writeShelf } from "./testing.js";

eachShell("attach --explain: a daemon that runs", "dockerd", (bench) => {
  let daemon: ChildProcess | undefined;
  before(function () {
    const root = fs.statSync("/");
    const runs = fs.readdirSync("/proc").some((name) => {
      try {
        const { dev, ino } = fs.statSync(`/proc/${name}/root`);
        const isNamed = fs.readFileSync(`/proc/${name}/comm`, "utf8") === "dockerd\n";
        return isNamed && dev === root.dev && ino === root.ino;
      } catch {
        return false;
      }
    });
    if (runs) skip(this, "this machine has a dockerd of its own, which would be found first");
  });
  beforeEach(() => writeShelf(`${bench.work}/shelf`, [image]));
  afterEach(() => daemon?.kill());

  /** A process with dockerd's name and these arguments behind some of its own, which waits for the end of its input. */
  async function start(env: NodeJS.ProcessEnv = {}): Promise<string> {
    const path = program(bench, "sbin", "dockerd", "");
    fs.copyFileSync(whereIs("dash"), `${path}/dockerd`);
    const own = ["-c", "echo; read -r line", "dockerd", `--data-root=${bench.root}`];
    daemon = spawn(`${path}/dockerd`, own, { env, stdio: ["pipe", "pipe", "inherit"] });
    await new Promise((resolve) => daemon?.stdout?.once("data", resolve));
    return String(daemon.pid);
  }

  it("was started past attach", async () => {
    const process = await start();
    const explained = explain(bench, ["dockerd"]);
    assert.match(
      texts(bench, explained, "daemon").join(),
      new RegExp(` --data-root=.* \\(process ${process}\\)$`),
    );
    assert.deepEqual(reasons(bench, explained), [
      `dockerd runs (process ${process}), and attach was not run before it: stop it, and start it by its name, dockerd, ` +
        "and not by its path /work/sbin/dockerd",
    ]);
  });

  it("has its own environment", async () => {
    await start({ LARDER_ATTACH: "off", DOCKER_DRIVER: "vfs" });
    assert.deepEqual(
      reasons(bench, explain(bench, ["dockerd"], { LARDER_ATTACH: "copy" })).map((reason) =>
        reason.slice(0, 20),
      ),
      ["LARDER_ATTACH is off", "this Docker keeps it"],
    );
  });

  it("has the images, or has lost some of their links", async () => {
    bench.attach();
    await start();
    assert.equal(explain(bench, ["dockerd"]).code, 0);
    execFileSync("find", [bench.root, "-name", "diff", "-type", "l", "-path", "*/overlay2/*", "-delete"]);
    assert.match(
      reasons(bench, explain(bench, ["dockerd"])).join(),
      /^2 layers in .* start it again, so that attach mends them$/,
    );
  });

  it("has another data root than the one that is asked about", async () => {
    await start();
    const explained = explain(bench, ["dockerd", `--data-root=${bench.work}/other`]);
    assert.match(
      texts(bench, explained, "note").join(),
      /runs dockerd with its data root at \/work\/data root: attach --explain dockerd without arguments explains that one/,
    );
  });
});
