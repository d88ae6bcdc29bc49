/**
 * Measures the cost of Larder as the frontend of a Dockerfile without PRELOAD: with all steps cached, and on a builder
 * that has nothing.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../test/harness/command.js";
import { docker, type EngineOptions } from "../test/harness/docker.js";
import { lab, labImage } from "../test/harness/lab.js";
import { PrivateEngine } from "../test/harness/private-engine.js";

export const frontends = ["built-in", "larder"] as const;
export type Frontend = (typeof frontends)[number];

const syntax: Readonly<Record<Frontend, string>> = {
  "built-in": "# no syntax line",
  larder: `# syntax=${lab.frontend}`,
};

/** A Dockerfile of usual size with cheap steps, so that the frontends' time dominates. */
const dockerfile = `
FROM ${labImage("busybox:1")}
ARG VERSION=1
ENV APP_VERSION=$VERSION
WORKDIR /app
COPY app.txt .
RUN cp app.txt copy.txt
EXPOSE 8080
ENTRYPOINT ["cat"]
CMD ["/app/copy.txt"]
`;

/** Rounds that are not counted: the first fills the build cache, the second warms its content. */
const warmUp = 2;

/** @returns the seconds of each counted `docker buildx build` in which all steps are cached */
export function measureFrontends(rounds: number): Promise<Seconds<Frontend>> {
  return takeTurns(frontends, syntax, { rounds, warmUp });
}

export const emptyFrontends = ["upstream's image", "larder"] as const;
export type EmptyFrontend = (typeof emptyFrontends)[number];

/**
 * @returns the seconds of each `docker buildx build` on an engine without any image or cache, with frontend images of
 * the same registry; or the reason why there is no image of upstream's frontend
 */
export async function measureEmpty(rounds: number): Promise<Seconds<EmptyFrontend> | string> {
  const buildkitd = fileURLToPath(new URL("../lab/buildkitd.sh", import.meta.url));
  const { status, stdout, stderr } = await run(buildkitd, ["run", "printenv", "LARDER_UPSTREAM_IMAGE"]);
  const upstream = stdout.trim().split("\n").at(-1);
  if (status !== 0 || !upstream) return stderr.trim();
  const engine = await PrivateEngine.start("bench-empty", "--store", "containerd");
  try {
    const lines = { "upstream's image": `# syntax=${upstream}`, larder: syntax.larder };
    const empty = () => docker(["builder", "prune", "--all", "--force"], { engine: engine.host });
    // The first round fills the page cache of the registry's files.
    return await takeTurns(emptyFrontends, lines, { rounds, warmUp: 1, engine: engine.host, before: empty });
  } finally {
    await engine.remove();
  }
}

export type Seconds<Name extends string> = Readonly<Record<Name, readonly number[]>>;

interface Turns extends Pick<EngineOptions, "engine"> {
  readonly rounds: number;
  /** Rounds that are not counted. */
  readonly warmUp: number;
  /** Before each build, and not counted. */
  readonly before?: () => Promise<unknown>;
}

/** They take turns, so drift of the machine affects all equally. */
async function takeTurns<Name extends string>(
  names: readonly Name[],
  lines: Readonly<Record<Name, string>>,
  { rounds, warmUp, before, engine }: Turns,
): Promise<Seconds<Name>> {
  const folder = mkdtempSync(join(tmpdir(), "larder-bench-"));
  const seconds = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
  const args = ["buildx", "build", "--progress", "plain", "--provenance=false"];
  try {
    for (const name of names) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "Dockerfile"), lines[name] + dockerfile);
      writeFileSync(join(folder, name, "app.txt"), "app\n");
    }
    for (let round = 0; round < warmUp + rounds; round++) {
      for (const name of names) {
        await before?.();
        const start = performance.now();
        await docker([...args, join(folder, name)], engine === undefined ? {} : { engine });
        if (round >= warmUp) seconds[name].push((performance.now() - start) / 1000);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return seconds;
}
