/** The system images that are compared: the same base, one for each way to have the inner image there. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "../test/harness/build.js";
import { docker } from "../test/harness/docker.js";
import { lab, labImage } from "../test/harness/lab.js";
import { SystemContainer } from "../test/harness/system-container.js";

export const ways = ["larder", "empty", "load", "copy"] as const;
export type Way = (typeof ways)[number];

export interface BenchImages {
  /** Reference of the inner image. */
  readonly inner: string;
  readonly system: Readonly<Record<Way, string>>;
}

const innerLayers = 4;

/** Builds an inner image of so many megabytes of random bytes, in four layers, and the system images. */
export async function prepare(megabytes: number): Promise<BenchImages> {
  const inner = labImage(`larder-bench/inner:${megabytes}`);
  const count = Math.round(megabytes / innerLayers);
  const files = Array.from(
    { length: innerLayers },
    (_, k) => `RUN dd if=/dev/urandom of=/data${k} bs=1M count=${count}`,
  );
  const name = (way: Way): string => `larder-bench-${way}:${megabytes}`;
  const system = { larder: name("larder"), empty: name("empty"), load: name("load"), copy: name("copy") };
  await build({
    larder: false,
    tag: inner,
    args: ["--push"],
    dockerfile: [`FROM ${labImage("busybox:1")}`, ...files].join("\n"),
  });
  await build({ tag: system.larder, dockerfile: `FROM ${lab.system}\nPRELOAD ${inner}` });
  await build({ larder: false, tag: system.empty, dockerfile: emptySystem });
  await buildLoadSystem(system.load, inner);
  await buildCopySystem(system.copy, system.load);
  return { inner, system };
}

/** A file system of one file, to be imported. */
const emptySystem = `FROM ${lab.system}
COPY --from=${labImage("busybox:1")} /bin/busybox /seed/bin/busybox
RUN tar -C /seed -cf /seed.tar bin`;

/** `/seed.tar`: what `docker save` gives. */
async function buildLoadSystem(tag: string, inner: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "larder-bench-"));
  try {
    await docker(["pull", "--quiet", inner]);
    await docker(["save", "--output", join(folder, "seed.tar"), inner]);
    const seed = ["--build-context", `seed=${folder}`];
    await build({
      larder: false,
      tag,
      args: seed,
      dockerfile: `FROM ${lab.system}\nCOPY --from=seed seed.tar /seed.tar`,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `/seed`: of the data root of a Docker that has loaded the image, the part that holds images. */
async function buildCopySystem(tag: string, load: string): Promise<void> {
  const container = await SystemContainer.start(load);
  await container.inner("load", "--input", "/seed.tar");
  await container.exec(
    "sh",
    "-c",
    "mkdir /seed && cp -a /var/lib/docker/image /var/lib/docker/overlay2 /seed && rm /seed.tar",
  );
  await docker(["commit", container.id, tag]);
  await container.remove();
}
