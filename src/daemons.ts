/** The programs that start container managers in a container. */

/** Those that attach knows, each with the systemd units that start it. Podman and its relatives are no daemons. */
export const daemonUnits = {
  dockerd: ["docker"],
  containerd: ["containerd"],
  podman: ["podman", "podman-restart"],
  buildah: [],
  skopeo: [],
  crio: ["crio"],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type DaemonName = keyof typeof daemonUnits;

/** Programs that are started for each command: whether one needs the images, its first argument tells. */
export const commandPrograms: readonly DaemonName[] = ["podman", "buildah", "skopeo"];

interface EmbeddingProgram {
  readonly name: string;
  /** Its commands that start the containerd. */
  readonly commands: readonly string[];
  readonly units: readonly string[];
}

/** Programs with a containerd of their own inside, whose root only the user can tell. */
export const embeddingPrograms: readonly EmbeddingProgram[] = [
  { name: "k3s", commands: ["server", "agent"], units: ["k3s", "k3s-agent"] },
  { name: "rke2", commands: ["server", "agent"], units: ["rke2-server", "rke2-agent"] },
];
