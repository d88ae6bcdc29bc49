/** The build steps of a plan as LLB. */
import { archiveFile, daemonVariables, mount, type PackJob, type StockJob } from "../../agent/job.js";
import { encodeConfig, type ImageConfig } from "../../image/config.js";
import type { InnerImage } from "../../image/inner-image.js";
import { onMirror } from "../../image/reference.js";
import { copy, unpack } from "../../llb/copy.js";
import type { Mount } from "../../llb/exec.js";
import { files } from "../../llb/file.js";
import { merge } from "../../llb/merge.js";
import type { Output } from "../../llb/state.js";
import { nameImage } from "../directive/directive.js";
import {
  type BlobLayer,
  type PlannedImage,
  type PreloadPlan,
  packStepName,
  shelveStep,
  stockStep,
} from "../plan/plan.js";
import { agentStep, outputAt, type Step, type StepContext, stepName } from "./agent-step.js";

/** The secret with registry credentials: `--secret id=larder-auth,src=$HOME/.docker/config.json`. */
const authSecret = "larder-auth";
/** That with the certificates of registries' own authorities: `--secret id=larder-ca,src=ca.pem`. */
const caSecret = "larder-ca";

/**
 * image of a registry -> OCI layout
 * @param mirrored The instruction that names a mirror for it.
 */
export function fetchStep(
  context: StepContext,
  image: PlannedImage,
  mirrored = preloadMirrored(image),
): Output {
  const { origin, name, step } = image;
  if (origin.kind !== "registry") throw new Error(`unreachable: "${name}" is in no registry`);
  const { reference, network, insecure } = origin;
  const outputs = agentStep(
    context,
    { kind: "fetch", image: { ...innerImage(image), reference }, insecure },
    {
      name: step,
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
  return outputAt(outputs, mount.layout);
}

/** file systems, one after each layer -> OCI layout */
export function packTrees(
  context: StepContext,
  task: Omit<PackJob, "kind" | "trees">,
  {
    name,
    config,
    trees,
    baseLayout,
  }: { name: string; config: ImageConfig; trees: readonly Output[]; baseLayout: Output | undefined },
): Output {
  const configFile = files(stepName(context, "[larder] write image config"), [
    { path: mount.configFile.slice(mount.config.length), data: encodeConfig(config) },
  ]);
  const outputs = agentStep(
    context,
    { kind: "pack", ...task, trees: trees.length },
    {
      name: packStepName(name),
      subject: nameImage(name),
      images: [],
      network: "none",
      mounts: [
        ...(baseLayout ? [{ kind: "readonly", dest: mount.input(0), from: baseLayout } as const] : []),
        ...trees.map((tree, i): Mount => {
          const from = ownTree(context, `tree ${i + 1}/${trees.length}`, tree);
          return { kind: "readonly", dest: mount.packTree(i), from };
        }),
        { kind: "readonly", dest: mount.config, from: configFile },
        { kind: "output", dest: mount.layout, from: undefined },
      ],
    },
  );
  return outputAt(outputs, mount.layout);
}

export interface Stocked {
  /** In the order of the plan's outer layers. */
  readonly layers: readonly Output[];
  readonly catalog: Output;
}

/** OCI layouts -> outer layers, with the daemon of the stage. @param env the stage's environment (`NAME=value`). */
export function stockImages(
  context: StepContext,
  plan: PreloadPlan,
  { stage, env, layouts }: { stage: Output; env: readonly string[]; layouts: readonly Output[] },
): Stocked {
  const layers = plan.outerLayers.map(({ diffIds }) => diffIds);
  const stock: StockJob = {
    kind: "stock",
    images: plan.images.map(innerImage),
    layers,
    env: daemonEnvironment(env),
    ...(context.security === "sysbox" && { stage: "read-only" }),
    ...plan.target,
  };
  const layerMounts = layers.map(
    (_, k): Mount => ({ kind: "output", dest: mount.layer(k), from: undefined }),
  );
  const outputs = agentStep(context, stock, {
    name: stockStep(plan),
    ...aboutImages(plan.images),
    network: "none",
    insecure: plan.security === "insecure",
    mounts: [
      ...stageMounts(context, stage),
      ...layouts.map((from, i): Mount => ({ kind: "readonly", dest: mount.input(i), from })),
      { kind: "output", dest: mount.work, from: undefined },
      { kind: "output", dest: mount.catalog, from: undefined },
      ...layerMounts,
    ],
  });
  return {
    layers: layers.map((_, k) => outputAt(outputs, mount.layer(k))),
    catalog: outputAt(outputs, mount.catalog),
  };
}

/** OCI layouts -> outer layers with blobs, each named by its digest */
export function shelveBlobs(
  context: StepContext,
  plan: PreloadPlan,
  layouts: readonly Output[],
  blobLayers: readonly BlobLayer[],
): Output[] {
  if (blobLayers.length === 0) return [];
  const layers = blobLayers.map(({ blobs }) => blobs.map(({ digest, image }) => ({ digest, image })));
  const outputs = agentStep(
    context,
    { kind: "shelve", layers },
    {
      name: shelveStep(blobLayers),
      ...aboutImages(plan.images),
      network: "none",
      mounts: [
        ...layouts.map((from, i): Mount => ({ kind: "readonly", dest: mount.input(i), from })),
        ...layers.map((_, k): Mount => ({ kind: "output", dest: mount.layer(k), from: undefined })),
      ],
    },
  );
  return layers.map((_, k) => outputAt(outputs, mount.layer(k)));
}

/** stage + outer layers -> stage */
export function assemble(
  context: StepContext,
  plan: PreloadPlan,
  stage: Output,
  parts: readonly Output[],
): Output {
  if (plan.assembly === "merge") {
    return merge(stepName(context, "[larder] merge layers"), [stage, ...parts]) ?? stage;
  }
  const name = (index: number): string => `[larder] place layer ${index + 1}/${parts.length}`;
  if (context.security === "sysbox") {
    const archives = archiveTrees(context, plan, parts);
    return archives.reduce(
      (below, from, index) => unpack(stepName(context, name(index)), from, `/${archiveFile}`, below),
      stage,
    );
  }
  return parts.reduce((below, tree, index) => placeStep(context, plan, below, tree, name(index)), stage);
}

/** Outer layers -> archives. Under sysbox-runc no step may write to a stage: its files belong to nobody there. */
function archiveTrees(context: StepContext, plan: PreloadPlan, trees: readonly Output[]): Output[] {
  const outputs = agentStep(
    context,
    { kind: "archive", trees: trees.length },
    {
      name: "[larder] archive layers for sysbox-runc",
      ...aboutImages(plan.images),
      network: "none",
      mounts: [
        ...trees.map((from, i): Mount => ({ kind: "readonly", dest: mount.packTree(i), from })),
        ...trees.map((_, i): Mount => ({ kind: "output", dest: mount.layer(i), from: undefined })),
      ],
    },
  );
  return trees.map((_, i) => outputAt(outputs, mount.layer(i)));
}

/** Without MergeOp: one more layer on the stage, with the entries of `tree`. */
function placeStep(
  context: StepContext,
  plan: PreloadPlan,
  below: Output,
  tree: Output,
  name: string,
): Output {
  const outputs = agentStep(
    context,
    { kind: "place" },
    {
      name,
      ...aboutImages(plan.images),
      network: "none",
      mounts: [
        { kind: "output", dest: mount.stage, from: below },
        { kind: "readonly", dest: mount.tree, from: tree },
      ],
    },
  );
  return outputAt(outputs, mount.stage);
}

/** The stage of a stock step, in which its daemon runs. */
function stageMounts(context: StepContext, stage: Output): Mount[] {
  if (context.security !== "sysbox") return [{ kind: "temporary", dest: mount.stage, from: stage }];
  return [
    { kind: "readonly", dest: mount.stageCopy, from: ownTree(context, "stage", stage) },
    { kind: "output", dest: mount.stageChanges, from: undefined },
  ];
}

/**
 * A tree of other steps, for a read-only mount. sysbox-runc maps the IDs of a step's binds, but not those of its overlays:
 * all files there belong to nobody, and those that are not for everyone cannot be read. What BuildKit itself copies onto
 * scratch is a single directory, so it is bound. A writable mount would be an overlay again.
 */
function ownTree(context: StepContext, what: string, tree: Output): Output {
  if (context.security !== "sysbox") return tree;
  return copy(stepName(context, `[larder] copy ${what} for sysbox-runc`), tree, undefined);
}

/** What the step uses of an environment: a variable that it does not look at must not run it again. */
function daemonEnvironment(env: readonly string[]): string[] {
  return env.filter((line) => daemonVariables.some((name) => line.startsWith(`${name}=`)));
}

/** What fails for one of them says which; what fails for all of them need not list hundreds. */
function aboutImages(images: readonly PlannedImage[]): Pick<Step, "subject" | "images"> {
  const names = images.slice(0, namedTogether).map(({ name }) => `"${name}"`);
  const others = images.length - names.length;
  const all = `images ${names.join(", ")}${others > 0 ? ` and ${others} more` : ""}`;
  const each = images.map(({ name, asked }) => ({
    subject: nameImage(name, asked.where),
    lines: asked.lines,
  }));
  const [only] = each;
  return { subject: images.length === 1 && only ? only.subject : all, images: each };
}

const namedTogether = 3;

/** `PRELOAD --from=mirror.example/library/redis:7 redis:7`: a mirror has an image under its path. */
function preloadMirrored({ name, origin }: PlannedImage): string {
  return origin.kind === "registry" ? `PRELOAD --from=${onMirror(origin.reference)} ${name}` : "";
}

/** Only what the job is about: the rest of a planned image must not be in the cache key. */
function innerImage({ reference, platform, imageId, diffIds }: InnerImage): InnerImage {
  return { reference, platform, imageId, diffIds };
}
