import { mount } from "../../agent/job.js";
import { plainInnerImage } from "../../image/inner-image.js";
import { onMirror } from "../../image/reference.js";
import type { Output } from "../../llb/state.js";
import type { PlannedImage } from "../plan/plan.js";
import { aboutImages, agentStep, type Step, type StepContext } from "./agent-step.js";

/** The secret with registry credentials: `--secret id=larder-auth,src=$HOME/.docker/config.json`. */
const authSecret = "larder-auth";
/** The secret with certificates of registries' own authorities: `--secret id=larder-ca,src=ca.pem`. */
const caSecret = "larder-ca";

/**
 * image of a registry -> layout
 * @param mirrored An instruction that names a mirror for it.
 * @param only The layout gets the manifest alone, and the index above it.
 */
export function fetchStep(
  context: StepContext,
  image: PlannedImage,
  mirrored = preloadMirrored(image),
  only?: "manifest",
): { layout: Output; step: Step } {
  const { origin, name } = image;
  if (origin.kind !== "registry") throw new Error(`unreachable: "${name}" is in no registry`);
  const { reference, network, insecure } = origin;
  const { outputAt, step } = agentStep(
    context,
    { kind: "fetch", image: { ...plainInnerImage(image), reference }, insecure, ...(only && { only }) },
    {
      name: only === undefined ? image.step : `${image.step} ${only}`,
      ...aboutImages([image]),
      mirrored,
      network,
      proxies: context.proxies,
      mounts: [
        { kind: "output", dest: mount.layout, from: undefined },
        { kind: "secret", dest: mount.auth, id: authSecret },
        { kind: "secret", dest: mount.ca, id: caSecret },
      ],
    },
  );
  return { layout: outputAt(mount.layout), step };
}

/** `PRELOAD --from=mirror.example/library/redis:7 redis:7`: a mirror has the image at the same path. */
function preloadMirrored({ name, origin }: PlannedImage): string {
  return origin.kind === "registry" ? `PRELOAD --from=${onMirror(origin.reference)} ${name}` : "";
}
