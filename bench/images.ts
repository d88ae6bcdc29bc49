/** The system images that are compared: the same base, one for each way to have the inner image there. */
import { build } from "../test/harness/build.js";
import { lab, labImage } from "../test/harness/lab.js";

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
  const stock = { larder: false };
  await build({
    ...stock,
    tag: inner,
    args: ["--push"],
    dockerfile: [`FROM ${labImage("busybox:1")}`, ...files].join("\n"),
  });
  await build({ tag: system.larder, dockerfile: `FROM ${lab.system}\nPRELOAD ${inner}` });
  await build({ ...stock, tag: system.empty, dockerfile: emptySystem });
  await build({ ...stock, tag: system.load, dockerfile: loadSystem(system.larder, inner) });
  await build({ ...stock, tag: system.copy, dockerfile: copySystem(system.load) });
  return { inner, system };
}

/** A file system of one file, to be imported. */
const emptySystem = `FROM ${lab.system}
COPY --from=${labImage("busybox:1")} /bin/busybox /seed/bin/busybox
RUN tar -C /seed -cf /seed.tar bin`;

const insecure = "RUN --security=insecure --mount=type=tmpfs,target=/var/lib/docker system-entrypoint";

function loadSystem(preloaded: string, inner: string): string {
  return `FROM ${preloaded} AS seed
${insecure} docker save --output /seed.tar ${inner}
FROM ${lab.system}
COPY --from=seed /seed.tar /seed.tar`;
}

/** Of a data root, the part that holds images. */
function copySystem(load: string): string {
  return `FROM ${load} AS seed
${insecure} sh -c 'docker load --input /seed.tar && mkdir /seed && cp -a /var/lib/docker/image /var/lib/docker/overlay2 /seed'
FROM ${lab.system}
COPY --from=seed /seed /seed`;
}
