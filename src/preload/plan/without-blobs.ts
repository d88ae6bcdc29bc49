import type { StoreAnswer } from "../../agent/job.js";
import type { Finding } from "./finding.js";
import type { PreloadPlan } from "./plan.js";

/**
 * A warning for the user: Docker lists and runs images without their blobs, and says too little when it cannot do more
 * with them. With a graph driver it makes blobs from the files.
 */
export function findWithoutBlobs(
  { target, lines }: Pick<PreloadPlan, "target" | "lines">,
  { manager, store }: Pick<StoreAnswer, "manager" | "store">,
): Finding | undefined {
  if (target.blobs !== "never" || manager !== "docker" || store !== "containerd") return undefined;
  return {
    rule: "PreloadWithoutBlobs",
    description: "Docker needs the compressed layers of an image to hand the image on",
    detail:
      "--blobs=never leaves the compressed layers out of Docker's containerd store: `docker save` of such an image gives " +
      "an archive that breaks off, without an error, and `docker push` fails for a registry that lacks its layers; leave " +
      "out --blobs=never where that is needed",
    lines,
  };
}
