/** The builder whose builds are measured. */

import { build, type Via } from "../test/harness/build.js";
import { output } from "../test/harness/command.js";
import { docker, type EngineOptions, tryDocker } from "../test/harness/docker.js";
import { buildkitd, lab, labImage } from "../test/harness/lab.js";
import { PrivateEngine } from "../test/harness/private-engine.js";

const timeout = 1_800_000;

export interface TimedBuild {
  readonly dockerfile: string;
  /** Absent: upstream builds it. */
  readonly via?: Via;
  /** The image's name in the lab's registry; a new one, unless the registry should have parts of it already. */
  readonly name?: string;
  readonly args?: readonly string[];
  /** Without it, the files stay in the builder's cache. The default is true. */
  readonly isExported?: boolean;
}

/** An engine of its own, so that its cache can be emptied; or the lab's buildkitd, if it is to be measured. */
export class BenchBuilder {
  readonly options: Pick<EngineOptions, "engine">;
  /** The image in which Larder's steps run. */
  readonly steps: string;
  readonly #base: string;
  #names = 0;

  private constructor(options: Pick<EngineOptions, "engine">, steps: string, base: string) {
    this.options = options;
    this.steps = steps;
    this.#base = base;
  }

  /** @param base A Dockerfile of the system images. */
  static async start(base: string): Promise<BenchBuilder> {
    const steps = await stepsImage();
    if (buildkitd) return new BenchBuilder({}, steps, base);
    const engine = await PrivateEngine.start("bench-build", "--store", "containerd");
    const options = { engine: engine.host };
    // What the engine has as an image stays when its build cache is emptied, so that this takes less time.
    for (const image of [lab.frontend, steps, lab.system]) await docker(["pull", "--quiet", image], options);
    return new BenchBuilder(options, steps, base);
  }

  /** The builder forgets all but the frontend, the image of the steps and the base of the system images. */
  async forget(): Promise<void> {
    await docker(["buildx", "prune", "--all", "--force"], { ...this.options, timeout });
    const dockerfile = `${this.#base}PRELOAD ${labImage("busybox:1")}\n`;
    await build({
      ...this.options,
      dockerfile,
      via: "direct",
      args: ["--output", "type=cacheonly"],
      timeout,
    });
  }

  /** A name that the registry has no layers of. */
  newName(): string {
    this.#names += 1;
    return labImage(`larder-bench/build-${process.pid}-${Date.now()}-${this.#names}`);
  }

  /** @returns the seconds of `docker buildx build` from its start to its end, with the push to the registry. */
  async build({
    dockerfile,
    via,
    name = this.newName(),
    args = [],
    isExported = true,
  }: TimedBuild): Promise<number> {
    const delivery = isExported ? `type=image,name=${name},push=true,unpack=false` : "type=cacheonly";
    const direct = via === "direct" ? ["--build-arg", "LARDER_VIA=direct"] : [];
    const start = performance.now();
    await build({
      ...this.options,
      dockerfile,
      ...(via ? { via } : { larder: false, via: "direct" }),
      args: ["--output", delivery, ...direct, ...args],
      timeout,
    });
    const seconds = (performance.now() - start) / 1000;
    // An engine keeps what it has pushed. A buildkitd does not, and there is nothing to remove.
    await tryDocker(["image", "rm", "--force", name], this.options);
    return seconds;
  }

  /** A command in a container of an image, with the files of a folder at its root. @returns its stderr. */
  async runWith(image: string, folder: string, command: readonly string[]): Promise<string> {
    const [entrypoint = "", ...args] = command;
    const flags = ["--network", "none", "--entrypoint", entrypoint];
    const id = (await docker(["create", ...flags, image, ...args], this.options)).trim();
    try {
      await docker(["cp", `${folder}/.`, `${id}:/`], { ...this.options, timeout });
      const { status, stderr } = await tryDocker(["start", "--attach", id], { ...this.options, timeout });
      if (status !== 0) throw new Error(`${command.join(" ")}: exit status ${status}\n${stderr}`);
      return stderr;
    } finally {
      await docker(["rm", "--force", id], { ...this.options, timeout });
    }
  }
}

/** The frontend's image names that of the steps in its environment. Otherwise it is that of the steps, too. */
async function stepsImage(): Promise<string> {
  const flags = ["--tls-verify=false", "--config"];
  const config = await output(lab.skopeo, ["inspect", ...flags, `docker://${lab.frontend}`]);
  const env: readonly string[] = JSON.parse(config).config.Env ?? [];
  const steps = env.find((line) => line.startsWith("LARDER_STEPS="))?.slice("LARDER_STEPS=".length);
  if (!steps) return lab.frontend;
  return steps.startsWith("sha256:") ? `${lab.frontend.replace(/:[^:/]+$/, "")}@${steps}` : steps;
}
