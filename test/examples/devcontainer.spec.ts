import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "../harness/build.js";
import { atEnd, cleanUp } from "../harness/cleanup.js";
import { output } from "../harness/command.js";
import { docker, dockerHost } from "../harness/docker.js";
import { exampleFolder } from "../harness/example.js";
import { lab, labImage } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";

interface Configuration {
  readonly build: object;
  readonly features: Readonly<Record<string, object>>;
}

const program = fileURLToPath(import.meta.resolve("@devcontainers/cli/devcontainer.js"));
const feature = "ghcr.io/devcontainers/features/docker-in-docker:2";

/** The devcontainer command line with the lab's engine. @returns the JSON that it prints. */
async function devcontainer(command: string, workspace: string, ...args: readonly string[]): Promise<string> {
  const flags = ["--workspace-folder", workspace, "--docker-path", lab.docker];
  const env = { DOCKER_HOST: dockerHost(), BUILDX_BUILDER: "" };
  return output(process.execPath, [program, command, ...flags, ...args], { env, timeout: 500_000 });
}

/** The example, with the lab's images, a stand-in for the feature, and no mount of a folder that engines of the lab lack. */
async function workspaceOf(base: string): Promise<string> {
  const workspace = mkdtempSync(join(tmpdir(), "larder-devcontainer-"));
  atEnd(async () => rmSync(workspace, { recursive: true }));
  cpSync(exampleFolder("devcontainer"), workspace, { recursive: true });
  const folder = join(workspace, ".devcontainer");
  const standIn = fileURLToPath(new URL("docker-in-docker", import.meta.url));
  cpSync(standIn, join(folder, "docker-in-docker"), { recursive: true });
  const path = join(folder, "devcontainer.json");
  const shown = JSON.parse(readFileSync(path, "utf8")) as Configuration;
  assert.deepEqual(Object.keys(shown.features), [feature]);
  // The command line writes a Dockerfile of its own around this one, and has to keep its first line.
  const dockerfile = join(folder, "Dockerfile");
  const text = readFileSync(dockerfile, "utf8");
  assert.match(text, /^# syntax=larder\/dockerfile:1\n/);
  writeFileSync(dockerfile, text.replace("larder/dockerfile:1", lab.frontend));
  const args = { BASE: base, REGISTRY: lab.registry };
  const used = {
    ...shown,
    build: { ...shown.build, args },
    features: { "./docker-in-docker": {} },
    workspaceMount: "",
    workspaceFolder: "/",
  };
  writeFileSync(path, JSON.stringify(used));
  return workspace;
}

describe("examples: devcontainer", () => {
  after(cleanUp);

  it("devcontainer up: the Docker of the feature has the images, and runs them", async () => {
    const base = labImage("e2e/examples-devcontainer:base");
    const dockerfile = `FROM ${labImage("debian:forky")}\nCOPY --from=${labImage("docker:28.5")} / /docker/\n`;
    await build({ larder: false, dockerfile, tag: base, args: ["--push"] });
    const workspace = await workspaceOf(base);
    const up = JSON.parse(await devcontainer("up", workspace)) as { outcome: string; containerId: string };
    assert.equal(up.outcome, "success");
    const container = SystemContainer.named(up.containerId);
    atEnd(() => removeAll(up.containerId));
    await container.ready();
    assert.match(
      await container.exec("cat", "/tmp/dockerd.log"),
      /^larder: attached 2 images \(4 layers\) to /m,
    );
    const list = ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"];
    const listed = (await devcontainer("exec", workspace, ...list)).trim().split("\n");
    const images = [labImage("python:3"), labImage("redis:latest")];
    assert.deepEqual(listed.sort(), images);
    const run = ["docker", "run", "--rm", "--pull", "never", "--network", "none"];
    const [python = ""] = images;
    assert.equal(
      await devcontainer("exec", workspace, ...run, python, "python3", "-c", "print(6 * 7)"),
      "42\n",
    );
  });
});

/** Removes the container, its image and its volumes, which have names. */
async function removeAll(container: string): Promise<void> {
  const format = "{{.Image}}{{range .Mounts}} {{.Name}}{{end}}";
  const [image = "", ...volumes] = (await docker(["inspect", "--format", format, container]))
    .trim()
    .split(" ");
  await docker(["rm", "--force", container]);
  await docker(["volume", "rm", ...volumes]);
  await docker(["image", "rm", "--force", image]);
}
