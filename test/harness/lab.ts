import { skip } from "../../src/testing.js";

/** The engines, registry and images for the tests, which `npm run lab:up` recorded. */
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
  /** Runs the program in its arguments in the lab's network, in which the registry is. */
  inNetwork: fromEnvironment("LARDER_LAB_IN"),
} as const;

/**
 * A buildkitd without Docker that builds in place of the engine "containerd". This engine runs the images. buildx
 * selects the buildkitd by BUILDX_BUILDER. `npm run test:buildkitd` sets all of it.
 */
export const buildkitd = process.env.LARDER_BUILDKITD
  ? {
      address: process.env.LARDER_BUILDKITD,
      buildctl: fromEnvironment("LARDER_BUILDCTL"),
      /** An image of upstream that is newer than the one in the engines. */
      upstream: fromEnvironment("LARDER_UPSTREAM_IMAGE"),
      /** A registry's name. The builder knows the lab's registry as its mirror; nothing else knows that name. */
      mirrored: fromEnvironment("LARDER_LAB_MIRRORED"),
    }
  : undefined;

/** The BuildKit of this lane, against that of Docker 28.5. */
export const builder = {
  /** It contains a newer upstream, which knows more flags and rules. */
  isNewer: process.env.LARDER_LAB_BUILDER_IS_NEWER === "yes",
  givesBlobs: process.env.LARDER_LAB_BUILDER_GIVES_BLOBS === "yes",
} as const;

/**
 * `DOCKER_HOST` of the engine with the containerd image store (MergeOp), and of the one with graph drivers. If a
 * machine's own engine is used, it is the first, and there is no second.
 */
export const engines: Readonly<Record<EngineName, string | undefined>> = {
  containerd: fromEnvironment("DOCKER_HOST"),
  graph: process.env.LARDER_LAB_DOCKER_HOST_GRAPH,
};

const allEngines: readonly EngineName[] = ["containerd", "graph"];
/** The engines that build in the tests. */
export const engineNames = allEngines.filter((name) =>
  buildkitd ? name === "containerd" : engines[name] !== undefined,
);

/** Docker versions for which there are system images: `<registry>/docker:<version>`. */
export const dockerVersions = ["20.10", "26.1", "28.5", "29.9"] as const;
export type DockerVersion = (typeof dockerVersions)[number];

/** Docker keeps images in its graph driver or in its containerd. */
export type DockerStore = "overlay2" | "containerd";

/** Lines of a Dockerfile: the system image of this Docker, with images in this store. */
export function dockerStage(version: DockerVersion, store: DockerStore, settings: object = {}): string {
  const config = { ...settings, ...storeSettings(version, store) };
  const lines = [`FROM ${labImage(`docker:${version}`)}`];
  if (Object.keys(config).length > 0)
    lines.push(`RUN mkdir -p /etc/docker && echo '${JSON.stringify(config)}' >/etc/docker/daemon.json`);
  return `${lines.join("\n")}\n`;
}

/** Docker 29 keeps images in containerd by default. */
function storeSettings(version: DockerVersion, store: DockerStore): object {
  if (version !== "29.9") return { features: { "containerd-snapshotter": store === "containerd" } };
  return store === "containerd" ? {} : { "storage-driver": "overlay2" };
}

/** The lab builds Docker 29 itself, if it can: see lab/lib/docker29.sh. */
export function needsDocker(test: Mocha.Context, version: DockerVersion): void {
  const reason = process.env.LARDER_LAB_DOCKER29_SKIPPED;
  if (version === "29.9" && reason) skip(test, `the lab has no Docker 29: ${reason}`);
}

/** The lab builds a node of Kubernetes only for all tests: see lab/lib/kubernetes.sh. */
export function needsKubernetes(test: Mocha.Context): void {
  const reason = process.env.LARDER_LAB_KUBERNETES_SKIPPED;
  if (reason) skip(test, `the lab has no node of Kubernetes: ${reason}`);
}

/** @returns the path of kind, where {@link needsKubernetes} does not skip the test. */
export const kindProgram = (): string => fromEnvironment("LARDER_LAB_KIND");

/** containerd versions for which there are system images: `<registry>/containerd:<version>`. */
export const containerdVersions = ["1.6", "1.7", "2.1"] as const;

/** Podman versions for which there are system images: `<registry>/podman:<version>`. */
export const podmanVersions = ["4.3", "5.8"] as const;
export type PodmanVersion = (typeof podmanVersions)[number];

/** An image of the lab's registry. Those that tests push (`e2e/...`) have other names in a lane with another builder. */
export function labImage(name: string): string {
  return `${lab.registry}/${name.replace(/^e2e\b/, process.env.LARDER_LAB_PUSHED_AS ?? "e2e")}`;
}
