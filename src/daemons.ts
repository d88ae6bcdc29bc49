/** The programs that start container managers in a container. */

/** Those that attach knows, each with the systemd unit that starts it. */
export const daemonUnits = { dockerd: "docker", containerd: "containerd" } as const;
export type DaemonName = keyof typeof daemonUnits;

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
