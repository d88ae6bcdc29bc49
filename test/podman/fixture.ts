import { build } from "../harness/build.js";
import { atEnd } from "../harness/cleanup.js";
import { docker, tryDocker } from "../harness/docker.js";
import { type FileListing, listDirectory } from "../harness/file-listing.js";
import { lab, labImage, type PodmanVersion } from "../harness/lab.js";
import type { SystemContainer } from "../harness/system-container.js";
import { otherRegistry } from "../inner-docker/registry-proxy.js";

export const root = "/var/lib/containers/storage";

/** A Dockerfile of a system image with this Podman, which knows that the lab's registry speaks HTTP. */
export function podmanStage(version: PodmanVersion): string {
  const registries = [lab.registry, otherRegistry]
    .map((location) => String.raw`[[registry]]\nlocation = "${location}"\ninsecure = true\n`)
    .join("");
  return `FROM ${labImage(`podman:${version}`)}
RUN printf '${registries}' >>/etc/containers/registries.conf
ENV PODMAN_IGNORE_CGROUPSV1_WARNING=1
`;
}

/** Builds a system image with these images. @returns its tag. */
export async function buildSystem(
  version: PodmanVersion,
  name: string,
  references: readonly string[],
): Promise<string> {
  const tag = `e2e-podman-${name}:${version}`;
  const preload = references.length > 0 ? `PRELOAD ${references.join(" ")}\n` : "";
  await build({
    tag,
    dockerfile: podmanStage(version) + preload,
    ...(references.length === 0 && { larder: false }),
  });
  return tag;
}

/** The same Podman with a store of its own, into which it pulls: without attach. */
export class PulledStore {
  readonly root = "/var/lib/containers/pulled";
  readonly #container: SystemContainer;

  constructor(container: SystemContainer) {
    this.#container = container;
  }

  podman(...args: string[]): Promise<string> {
    const own = ["--root", this.root, "--runroot", "/run/pulled", ...args];
    return this.#container.exec("env", "LARDER_ATTACH=off", "HTTP_PROXY=", "podman", ...own);
  }
}

/** The files of an image, as Podman mounts them. */
export async function listMounted(
  container: SystemContainer,
  podman: (...args: string[]) => Promise<string>,
  image: string,
): Promise<FileListing> {
  const directory = (await podman("image", "mount", image)).trim();
  try {
    return await listDirectory(container, directory);
  } finally {
    await podman("image", "unmount", image);
  }
}

export async function newVolume(): Promise<string> {
  const name = (await docker(["volume", "create"])).trim();
  atEnd(() => tryDocker(["volume", "rm", "--force", name]));
  return name;
}

/** Everything on the shelf, with times and link counts. */
export function listShelf(container: SystemContainer): Promise<string> {
  const program = String.raw`find /usr/lib/larder -printf '%p %y %m %s %T@ %n %l\n' | sort`;
  return container.exec("sh", "-c", program);
}

export function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}
