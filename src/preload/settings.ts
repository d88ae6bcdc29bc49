import { LarderError } from "../error.js";
import type { Bridge } from "../gateway/bridge.js";
import { type BuildOptions, buildArgument } from "../gateway/options.js";
import type { InsecureRegistries, PreloadPlan } from "./plan/plan.js";

/** Larder's settings from the build arguments, and the abilities of the builder. */
export interface Settings {
  /** Only plan: nothing runs. */
  readonly plansOnly: boolean;
  /** `LARDER_VIA`: auto, direct or daemon. */
  readonly via: string | undefined;
  /** The build argument for the right to mount in the stock step. */
  readonly security: string | undefined;
  readonly assembly: PreloadPlan["assembly"];
  /** The builder gives single blobs of images (BuildKit 0.28). Docker with graph drivers says so, too, but cannot. */
  readonly givesBlobs: boolean;
  readonly insecureRegistries: InsecureRegistries;
  /** The number of outer layers for inner layers' files, if the user sets it. */
  readonly layerBudget: number | undefined;
}

const planArgument = "LARDER_PLAN";
const viaArgument = "LARDER_VIA";
const securityArgument = "LARDER_SECURITY";
const insecureArgument = "LARDER_INSECURE_REGISTRIES";
const budgetArgument = "LARDER_LAYERS";

/** @throws LarderError for an invalid build argument. */
export async function readSettings(
  bridge: Bridge,
  options: BuildOptions,
  env: NodeJS.ProcessEnv,
): Promise<Settings> {
  const { LLBCaps } = await bridge.ping();
  const can = (capability: string): boolean =>
    LLBCaps.some(({ ID, Enabled }) => ID === capability && Enabled);
  // Sites that build the frontend image may name their registries in its environment.
  const insecure = [buildArgument(options, insecureArgument), env[insecureArgument]];
  return {
    plansOnly: buildArgument(options, planArgument) === "1",
    via: buildArgument(options, viaArgument),
    security: buildArgument(options, securityArgument),
    assembly: can("mergeop") ? "merge" : "copy",
    givesBlobs: can("source.imageblob") && can("mergeop"),
    insecureRegistries: new Set(insecure.flatMap((list) => (list ?? "").split(/[\s,]+/)).filter(Boolean)),
    layerBudget: parseBudget(buildArgument(options, budgetArgument)),
  };
}

function parseBudget(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const budget = Number(text);
  if (Number.isInteger(budget) && budget >= 1 && budget <= 120) return budget;
  throw new LarderError(`build argument ${budgetArgument}="${text}": write a number from 1 to 120`);
}
