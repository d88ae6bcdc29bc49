/** What the stage's files say of its container manager. Nothing of the stage is run. */
import { LarderError } from "../../error.js";
import type { StoreName } from "../../stores/table.js";
import { daemonWords } from "../install/systemd.js";
import type { ManagerName, StoreTarget } from "../job.js";
import { type FoundDaemon, findDaemon, pathOf } from "../stage-path.js";
import { chooseDockerStore } from "./docker-store.js";
import { newestDocker, readDockerVersion } from "./docker-version.js";

export interface Survey {
  readonly manager: ManagerName;
  /** The stores that the images are for. The first is the one that the manager will use, by what the stage has now. */
  readonly stores: readonly StoreName[];
  /** The shelf's `docker-version`. Absent: attach asks Docker. */
  readonly dockerVersion?: string;
  /** Absent: the manager comes into a later stage, or into the container. */
  readonly daemon?: FoundDaemon;
}

/**
 * @param env the stage's environment (`NAME=value`).
 * @throws LarderError if the stage has no manager and PRELOAD names none, or if Docker's store is another one.
 */
export async function surveyStage(
  stage: string,
  env: readonly string[],
  target: StoreTarget,
): Promise<Survey> {
  const path = pathOf(env);
  const find = (name: string) => findDaemon(stage, path, name);
  const may = (name: ManagerName): boolean => target.manager === undefined || target.manager === name;
  const dockerd = may("docker") ? await find("dockerd") : undefined;
  if (dockerd || target.manager === "docker") return surveyDocker(stage, env, target, dockerd);
  for (const name of ["podman", "containerd"] as const) {
    const daemon = may(name) ? await find(name) : undefined;
    if (daemon || target.manager === name)
      return { manager: name, stores: [name], ...(daemon && { daemon }) };
  }
  throw new LarderError(
    `no container manager in the stage: looked for dockerd, podman and containerd in ${path.join(", ")}; install one of ` +
      "them above PRELOAD, or, if it comes later, name it: --store=docker, --store=podman or --store=containerd",
  );
}

async function surveyDocker(
  stage: string,
  env: readonly string[],
  { dockerStore }: StoreTarget,
  dockerd: FoundDaemon | undefined,
): Promise<Survey> {
  const version = dockerd && (await readDockerVersion(stage, dockerd.program));
  const found = {
    manager: "docker",
    ...(version && { dockerVersion: version.text }),
    ...(dockerd && { daemon: dockerd }),
  } as const;
  if (dockerStore) return { ...found, stores: [dockerStore] };
  const args = await daemonWords(stage, "dockerd");
  // A Docker that nothing is known of may have either store.
  const { primary, also } = await chooseDockerStore(stage, env, args, version?.major ?? newestDocker);
  return { ...found, stores: also ? [primary, also] : [primary] };
}
