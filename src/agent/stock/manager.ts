/** Finds the container manager of the stage that takes the images in. */
import { LarderError } from "../../error.js";
import type { StockJob } from "../job.js";
import { type FoundDaemon, findDaemon, pathOf } from "../stage-path.js";

export type Manager =
  | { readonly kind: "docker"; readonly dockerd: FoundDaemon }
  | { readonly kind: "containerd"; readonly containerd: FoundDaemon };

/**
 * The manager that PRELOAD names. By default it is Docker if the stage has it, since containerd comes with it.
 * @throws LarderError if the stage has no such manager, or only Podman.
 */
export async function findManager(stage: string, job: StockJob): Promise<Manager> {
  const path = pathOf(job.env);
  const { manager } = job;
  const dockerd = manager === "containerd" ? undefined : await findDaemon(stage, path, "dockerd");
  if (dockerd) return { kind: "docker", dockerd };
  if (manager === "podman" || (manager === undefined && (await findDaemon(stage, path, "podman")))) {
    throw new LarderError(
      "the stage has Podman, which has no daemon that could take images in: write --store=podman, or --via=direct",
    );
  }
  const containerd = manager === "docker" ? undefined : await findDaemon(stage, path, "containerd");
  if (containerd) return { kind: "containerd", containerd };
  const wanted = { docker: "dockerd", containerd: "containerd", any: "dockerd, podman and containerd" }[
    manager ?? "any"
  ];
  const install = { docker: "Docker", containerd: "containerd", any: "one of them" }[manager ?? "any"];
  // Where none is named, nothing says which one would come later.
  const later = manager ? ", or, if it comes later, say --via=direct" : "";
  throw new LarderError(
    `no container manager in the stage: looked for ${wanted} in ${path.join(", ")}; install ${install} above PRELOAD${later}`,
  );
}
