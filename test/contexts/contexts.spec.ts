import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { pack } from "tar-stream";
import { skip } from "../../src/testing.js";
import { atEnd, cleanUp } from "../harness/cleanup.js";
import { type CommandOptions, output, until } from "../harness/command.js";
import { docker } from "../harness/docker.js";
import { lab, labImage } from "../harness/lab.js";
import type { Plan } from "../harness/plan.js";

/** `--target files` exports the files of the context that the build sees. The other stage has a PRELOAD. */
const dockerfile = `# syntax=${lab.frontend}
FROM ${lab.system} AS preloaded
COPY seen /seen
PRELOAD --list=images.txt --compose=compose.yaml ${labImage("busybox:1")}
FROM scratch AS files
COPY . /
`;
const lists = {
  "compose.yaml": `services:\n  cache:\n    image: ${labImage("redis")}\n`,
  "images.txt": labImage("pause:3"),
};
const files = { ...lists, seen: "x", "folder/other": "y" };
const preloaded = ["busybox:1", "pause:3", "redis:latest"].map(labImage);

describe("the build context", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "larder-contexts-"));
  });
  after(async () => {
    await cleanUp();
    rmSync(folder, { recursive: true });
  });

  function write(name: string, content: Readonly<Record<string, string>>): string {
    for (const [path, text] of Object.entries(content)) {
      mkdirSync(dirname(join(folder, name, path)), { recursive: true });
      writeFileSync(join(folder, name, path), text);
    }
    return join(folder, name);
  }

  async function exportOf(args: readonly string[], options: CommandOptions = {}): Promise<string[]> {
    const out = mkdtempSync(join(folder, "out-"));
    await docker(["buildx", "build", "--output", `type=local,dest=${out}`, ...args], options);
    return readdirSync(out, { recursive: true, encoding: "utf8" }).sort();
  }

  /**
   * The files that the build sees. Before that, the PRELOAD with a list from the context is needed; afterwards it is
   * not.
   */
  async function seenBy(args: readonly string[], options: CommandOptions = {}): Promise<string[]> {
    const plan = ["--build-arg", "LARDER_PLAN=1", "--target", "preloaded"];
    const out = mkdtempSync(join(folder, "plan-"));
    await docker(["buildx", "build", "--output", `type=local,dest=${out}`, ...plan, ...args], options);
    const { cuts } = JSON.parse(readFileSync(join(out, "plan.json"), "utf8")) as Plan;
    assert.deepEqual(
      cuts.map(({ images }) => images.map(({ name }) => name)),
      [preloaded],
    );
    return exportOf(args, options);
  }

  it("is a folder; the Dockerfile may be in lower case", async () => {
    const local = write("local", {
      ...files,
      dockerfile,
      ".dockerignore": "folder\ndockerfile\n.dockerignore\n",
    });
    assert.deepEqual(await seenBy([local]), ["compose.yaml", "images.txt", "seen"]);
  });

  it("may have a Dockerfile of another name, with its own .dockerignore", async () => {
    const content = { "docker/Other": dockerfile, "docker/Other.dockerignore": "docker\n.dockerignore\n" };
    const local = write("other", { ...files, ...content, ".dockerignore": "seen" });
    const args = ["-f", join(local, "docker/Other"), local];
    assert.deepEqual(await seenBy(args), Object.keys({ ...files, folder: "" }).sort());
  });

  it("may have an empty .dockerignore for the Dockerfile", async () => {
    const content = { Other: dockerfile, "Other.dockerignore": "", ".dockerignore": "seen" };
    const local = write("empty", { ...files, ...content });
    const seen = Object.keys({ ...files, ...content, folder: "" }).sort();
    assert.deepEqual(await seenBy(["-f", join(local, "Other"), local]), seen);
  });

  it("may have its Dockerfile on standard input", async () => {
    const local = write("stdin", files);
    const seen = Object.keys({ ...files, folder: "" }).sort();
    assert.deepEqual(await seenBy(["-f", "-", local], { input: dockerfile }), seen);
  });

  describe("as an archive", () => {
    let archive: Buffer;
    before(async () => {
      // Larger than the 16 MiB of one message.
      archive = await archiveOf({ ...files, Dockerfile: dockerfile, large: "0".repeat(20_000_000) });
    });

    it("comes on standard input", async () => {
      const seen = Object.keys({ ...files, Dockerfile: "", folder: "", large: "" }).sort();
      assert.deepEqual(await seenBy(["-"], { input: archive }), seen);
    });

    it("comes from a web server, and so does a Dockerfile alone", async () => {
      write("web", { Dockerfile: dockerfile });
      writeFileSync(join(folder, "web/context.tar"), archive);
      const url = await serveWeb(join(folder, "web"));
      const seen = Object.keys({ ...files, Dockerfile: "", folder: "", large: "" }).sort();
      assert.deepEqual(await seenBy([`${url}/context.tar`]), seen);
      assert.deepEqual(await exportOf([`${url}/Dockerfile`]), ["context"]);
    });
  });

  it("comes from a git repository: a branch and a folder of it", async function () {
    const repository = write("repositories/project.git", {
      README: "no Dockerfile here",
      "images/Dockerfile": dockerfile,
      "images/seen": "x",
      "images/compose.yaml": lists["compose.yaml"],
      "images/images.txt": lists["images.txt"],
    });
    const git = (...args: string[]) => output("git", ["-C", repository, ...args]);
    const author = ["-c", "user.name=larder", "-c", "user.email=larder@localhost"];
    await git("init", "--quiet", "--initial-branch", "topic");
    await git("add", ".");
    await git(...author, "commit", "--quiet", "--message", "images");
    const url = await serveGit(dirname(repository));
    const seen = await seenBy([`${url}/project.git#topic:images`]).catch((error: Error) => {
      if (!error.message.includes("unknown scheme git")) throw error;
      skip(this, "this engine started without git");
    });
    assert.deepEqual(seen, ["Dockerfile", "compose.yaml", "images.txt", "seen"]);
  });
});

async function archiveOf(content: Readonly<Record<string, string>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, text] of Object.entries(content)) archive.entry({ name }, text);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const [host = ""] = lab.registry.split(":");

async function serveWeb(folder: string): Promise<string> {
  const program = fileURLToPath(new URL("web-server.ts", import.meta.url));
  const command = [process.execPath, "--import", "tsx", program, folder];
  const child = spawn(lab.inNetwork, command, { stdio: ["ignore", "pipe", "inherit"] });
  atEnd(async () => child.kill());
  return new Promise((resolve, reject) => {
    child.on("exit", (code) => reject(new Error(`the web server ended with exit code ${code}`)));
    createInterface({ input: child.stdout }).once("line", (port) => resolve(`http://${host}:${port}`));
  });
}

async function serveGit(folder: string): Promise<string> {
  const port = 20_000 + (process.pid % 10_000);
  const options = ["--export-all", `--base-path=${folder}`, `--port=${port}`, "--reuseaddr", folder];
  const child = spawn(lab.inNetwork, ["git", "daemon", ...options], { stdio: "ignore" });
  atEnd(async () => child.kill());
  const url = `git://${host}:${port}`;
  await until("git daemon answers", () =>
    output(lab.inNetwork, ["git", "ls-remote", `${url}/project.git`]).then(
      () => true,
      () => false,
    ),
  );
  return url;
}
