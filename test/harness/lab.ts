import { skip } from "../../src/testing.js";

/** Where the tests find their engines, registry and images: what `npm run lab:up` wrote down. */
function fromEnvironment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the tests with npm run e2e, which sources .lab/env`);
  return value;
}

export type EngineName = "containerd" | "graph";

export const lab = {
  registry: fromEnvironment("LARDER_LAB_REGISTRY"),
  /** The system image with the newest Docker. */
  system: fromEnvironment("LARDER_LAB_SYSTEM"),
  frontend: fromEnvironment("LARDER_IMAGE"),
  docker: fromEnvironment("LARDER_LAB_DOCKER"),
  skopeo: fromEnvironment("LARDER_LAB_SKOPEO"),
  /** Runs the program that its arguments name in the lab's network, where the registry is. */
  inNetwork: fromEnvironment("LARDER_LAB_IN"),
} as const;

/**
 * A buildkitd without Docker that builds in place of the engine "containerd", which runs what it has built:
 * buildx does so by BUILDX_BUILDER. `npm run test:buildkitd` sets all of it.
 */
export const buildkitd = process.env.LARDER_BUILDKITD
  ? {
      address: process.env.LARDER_BUILDKITD,
      buildctl: fromEnvironment("LARDER_BUILDCTL"),
      /** Upstream as an image, newer than the one that is built into the engines. */
      upstream: fromEnvironment("LARDER_UPSTREAM_IMAGE"),
    }
  : undefined;

/**
 * `DOCKER_HOST` of the engine with the containerd image store (MergeOp), and of the one with graph drivers.
 * A machine's own engine, taken in their place, stands for the first; there is no second one then.
 */
export const engines: Readonly<Record<EngineName, string | undefined>> = {
  containerd: fromEnvironment("DOCKER_HOST"),
  graph: process.env.LARDER_LAB_DOCKER_HOST_GRAPH,
};

const allEngines: readonly EngineName[] = ["containerd", "graph"];
/** Those that the tests build with. */
export const engineNames = allEngines.filter((name) =>
  buildkitd ? name === "containerd" : engines[name] !== undefined,
);

/** Docker versions that there are system images for: `<registry>/docker:<version>`. */
export const dockerVersions = ["20.10", "26.1", "28.5", "29.9"] as const;
export type DockerVersion = (typeof dockerVersions)[number];

/** Where a Docker keeps images: in the graph driver, or in its containerd. */
export type DockerStore = "overlay2" | "containerd";

/** Lines of a Dockerfile: the system image of that Docker, which keeps images there. */
export function dockerStage(version: DockerVersion, store: DockerStore, settings: object = {}): string {
  const config = { ...settings, ...storeSettings(version, store) };
  const lines = [`FROM ${labImage(`docker:${version}`)}`];
  if (Object.keys(config).length > 0)
    lines.push(`RUN mkdir -p /etc/docker && echo '${JSON.stringify(config)}' >/etc/docker/daemon.json`);
  return `${lines.join("\n")}\n`;
}

/** Docker 29 keeps images in containerd unless told otherwise. */
function storeSettings(version: DockerVersion, store: DockerStore): object {
  if (version !== "29.9") return { features: { "containerd-snapshotter": store === "containerd" } };
  return store === "containerd" ? {} : { "storage-driver": "overlay2" };
}

/** The lab builds Docker 29 itself, where it can: see lab/lib/docker29.sh. */
export function needsDocker(test: Mocha.Context, version: DockerVersion): void {
  const reason = process.env.LARDER_LAB_DOCKER29_SKIPPED;
  if (version === "29.9" && reason) skip(test, `the lab has no Docker 29: ${reason}`);
}

/** containerd versions that there are system images for: `<registry>/containerd:<version>`. */
export const containerdVersions = ["1.6", "1.7", "2.1"] as const;

/** An image of the lab's registry. Those that tests push (`e2e/...`) have other names where a buildkitd builds them. */
export function labImage(name: string): string {
  return `${lab.registry}/${buildkitd ? name.replace(/^e2e\b/, "e2e-buildkitd") : name}`;
}
