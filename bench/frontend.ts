/** Measures the cost of Larder as the frontend of a Dockerfile without PRELOAD. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { docker } from "../test/harness/docker.js";
import { lab, labImage } from "../test/harness/lab.js";

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
export async function measureFrontends(
  rounds: number,
): Promise<Readonly<Record<Frontend, readonly number[]>>> {
  const folder = mkdtempSync(join(tmpdir(), "larder-bench-"));
  const seconds: Record<Frontend, number[]> = { "built-in": [], larder: [] };
  try {
    for (const frontend of frontends) {
      mkdirSync(join(folder, frontend));
      writeFileSync(join(folder, frontend, "Dockerfile"), syntax[frontend] + dockerfile);
      writeFileSync(join(folder, frontend, "app.txt"), "app\n");
    }
    // They take turns, so drift of the machine affects both equally.
    for (let round = 0; round < warmUp + rounds; round++) {
      for (const frontend of frontends) {
        const start = performance.now();
        await docker([
          "buildx",
          "build",
          "--progress",
          "plain",
          "--provenance=false",
          join(folder, frontend),
        ]);
        if (round >= warmUp) seconds[frontend].push((performance.now() - start) / 1000);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return seconds;
}
