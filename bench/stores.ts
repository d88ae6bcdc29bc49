/** The inner image stores that are measured, and the commands for each. */
import { lab, labImage } from "../test/harness/lab.js";

export interface BenchStore {
  readonly name: "docker-overlay2" | "docker-containerd" | "containerd" | "podman";
  readonly daemon: "docker" | "containerd" | "podman";
  /** A Dockerfile of the system image without inner images. */
  readonly base: string;
  /** The inner daemon's folder for images, and its parts that a copy needs. */
  readonly root: string;
  readonly parts: readonly string[];
  /** A shell command that loads `/seed.tar`. */
  readonly load: string;
  /** A shell command that runs another one in a container of the image. */
  run(image: string, command: string): string;
}

const docker = {
  daemon: "docker",
  root: "/var/lib/docker",
  load: "docker load --quiet --input /seed.tar >/dev/null",
  run: (image: string, command: string) => `docker run --rm --network none ${image} ${command}`,
} as const;

function dockerWith(containerdSnapshotter: boolean): string {
  const config = JSON.stringify({ features: { "containerd-snapshotter": containerdSnapshotter } });
  return `FROM ${lab.system}\nRUN mkdir -p /etc/docker && echo '${config}' >/etc/docker/daemon.json\n`;
}

const all: readonly BenchStore[] = [
  { ...docker, name: "docker-overlay2", base: dockerWith(false), parts: ["image", "overlay2"] },
  { ...docker, name: "docker-containerd", base: dockerWith(true), parts: ["containerd"] },
  {
    name: "containerd",
    daemon: "containerd",
    base: `FROM ${labImage("containerd:2.1")}\n`,
    root: "/var/lib/containerd",
    parts: ["."],
    load: "ctr images import /seed.tar >/dev/null",
    run: (image: string, command: string) => `ctr run --rm ${image} bench ${command}`,
  },
  {
    name: "podman",
    daemon: "podman",
    base: `FROM ${labImage("podman:5.8")}\n`,
    root: "/var/lib/containers",
    parts: ["storage"],
    load: "podman load --quiet --input /seed.tar >/dev/null",
    run: (image: string, command: string) => `podman run --rm --network none ${image} ${command}`,
  },
];

/** @param names separated by commas; all stores if absent. */
export function selectStores(names: string | undefined): readonly BenchStore[] {
  return (names?.split(",") ?? all.map(({ name }) => name)).map((wanted) => {
    const found = all.find(({ name }) => name === wanted);
    if (!found) throw new Error(`no store "${wanted}": there are ${all.map(({ name }) => name).join(", ")}`);
    return found;
  });
}
