/** Cases for both programs that tell Docker's store: src/attach/docker-store.sh and docker-store.ts. */
type Uses = "overlay2" | "containerd" | RegExp;

export interface DockerCase {
  readonly version: string;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly config?: object | string;
  /** Directories with something in them, below the data root. */
  readonly holds?: readonly string[];
  /** What the daemon will use: a store, or what the line says of it. */
  readonly uses: Uses;
}

const snapshotter = (enabled: boolean) => ({
  features: { buildkit: true, "containerd-snapshotter": enabled },
});

/** As moby decides: daemon/image_store_choice.go of 29, daemon.go before. */
export const dockerCases: Readonly<Record<string, DockerCase>> = {
  "Docker before 29": { version: "28.5.2", uses: "overlay2" },
  "Docker 29": { version: "29.9.3", uses: "containerd" },
  "a class of versions": { version: "23 to 28", config: snapshotter(true), uses: "containerd" },
  "a class of versions by default": { version: "23 to 28", uses: "overlay2" },
  "the newest class": { version: "29 or later", uses: "containerd" },
  "a version that is no number": { version: "dev", uses: "containerd" },
  "the feature": { version: "26.1.5", config: snapshotter(true), uses: "containerd" },
  "the feature, before Docker knew it": { version: "20.10.24", config: snapshotter(true), uses: "overlay2" },
  "the feature switched off": { version: "29.9.3", config: snapshotter(false), uses: "overlay2" },
  "the feature as a flag": {
    version: "28.5.2",
    args: ["--feature=containerd-snapshotter=true"],
    uses: "containerd",
  },
  "the feature as a flag of two words": {
    version: "29.9.3",
    args: ["--feature", "containerd-snapshotter=false"],
    uses: "overlay2",
  },
  "DOCKER_DRIVER, as GitLab says": {
    version: "29.9.3",
    env: { DOCKER_DRIVER: "overlay2" },
    uses: "overlay2",
  },
  "DOCKER_DRIVER and another flag": {
    version: "28.5.2",
    env: { DOCKER_DRIVER: "vfs" },
    args: ["-soverlay2"],
    uses: /with the graph driver vfs \(the variable DOCKER_DRIVER\)/,
  },
  "storage-driver as a flag": {
    version: "29.9.3",
    args: ["--storage-driver", "btrfs"],
    uses: /with the graph driver btrfs \(--storage-driver\)/,
  },
  "storage-driver in daemon.json": {
    version: "29.9.3",
    config: { "storage-driver": "overlay2" },
    uses: "overlay2",
  },
  "another snapshotter": {
    version: "29.9.3",
    config: { ...snapshotter(true), "storage-driver": "stargz" },
    uses: /with containerd's snapshotter stargz \(storage-driver in .*daemon\.json\)/,
  },
  "a snapshotter by the storage-driver alone": {
    version: "29.9.3",
    args: ["-s=native"],
    uses: /with containerd's snapshotter native \(-/,
  },
  "a data root that a graph driver has used": { version: "29.9.3", holds: ["overlay2"], uses: "overlay2" },
  "that of another graph driver": {
    version: "28.5.2",
    holds: ["zfs"],
    uses: /with the graph driver zfs \(what .*data root holds\).*: start it on a data root/,
  },
  "what Docker passes over": { version: "29.9.3", holds: ["vfs"], uses: "containerd" },
  "keys of the same names elsewhere": {
    version: "28.5.2",
    config: {
      runtimes: { x: { "storage-driver": "vfs", features: snapshotter(true).features } },
      labels: ["features"],
    },
    uses: "overlay2",
  },
  "strings that look like keys": {
    version: "28.5.2",
    config:
      '{"labels":["a\\"storage-driver\\":\\"vfs","{\\\\"],"debug":true,\n\t"storage-driver" : "over\\/lay" }',
    uses: /with the graph driver over\/lay \(storage-driver in/,
  },
  "userns-remap": {
    version: "28.5.2",
    config: { "userns-remap": "default" },
    uses: /remaps users \(userns-remap\).*: leave userns-remap out/,
  },
  "userns-remap as a flag": { version: "29.9.3", args: ["--userns-remap=default"], uses: /remaps users/ },
  "Docker without root": {
    version: "29.9.3",
    env: { ROOTLESSKIT_STATE_DIR: "/run/x" },
    uses: /is rootless, with its data root at .*: start dockerd as root/,
  },
};
