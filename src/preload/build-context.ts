import type { Dockerfile, Stage } from "../dockerfile/parse.js";
import { LarderError } from "../error.js";
import type { Bridge } from "../gateway/bridge.js";
import { type BuildOptions, buildArgument } from "../gateway/options.js";
import type { Output } from "../llb/state.js";
import type { Bases } from "../upstream/expand-bases.js";
import type { Source } from "../upstream/read-dockerfile.js";
import type { Warn } from "./check/warnings.js";
import type { InsecureRegistries, PreloadPlan, Security } from "./plan/plan.js";
import type { Step } from "./steps/agent-step.js";
import { chooseSecurity, securityArgument } from "./steps/privilege.js";

/** What one build is about, as it was asked for. */
export interface Task {
  readonly bridge: Bridge;
  readonly options: BuildOptions;
  readonly source: Source;
  readonly dockerfile: Dockerfile;
}

/** The same, with all that is known of it. */
export interface BuildContext extends Task, Bases {
  /** The frontend image. */
  readonly larder: Output;
  readonly settings: Settings;
  /** Every step that PRELOAD asks for, as it is made. */
  readonly steps: Step[];
  /** Prints a warning. */
  readonly warn: Warn;
  /** The stage of the user's file at whose FROM the instructions of `dockerfile` fire, if that is not the user's. */
  readonly firing?: { readonly dockerfile: Dockerfile; readonly stage: Stage };
}

export interface Settings {
  /** Nothing runs. */
  readonly plansOnly: boolean;
  readonly security: () => Security;
  readonly assembly: PreloadPlan["assembly"];
  /** The builder gives single blobs of images (BuildKit 0.28). */
  readonly givesBlobs: boolean;
  readonly insecureRegistries: InsecureRegistries;
  /** So many outer layers may hold inner layers' files, if the user says so. */
  readonly layerBudget: number | undefined;
}

const planArgument = "LARDER_PLAN";
const insecureArgument = "LARDER_INSECURE_REGISTRIES";
const budgetArgument = "LARDER_LAYERS";

/** Reads Larder's own build arguments and what the builder can do. */
export async function readSettings(
  bridge: Bridge,
  options: BuildOptions,
  env: NodeJS.ProcessEnv,
): Promise<Settings> {
  const { LLBCaps } = await bridge.ping();
  const can = (capability: string): boolean =>
    LLBCaps.some(({ ID, Enabled }) => ID === capability && Enabled);
  // The frontend image may name registries of its own site in its environment.
  const insecure = [buildArgument(options, insecureArgument), env[insecureArgument]];
  let security: Security | undefined;
  return {
    plansOnly: buildArgument(options, planArgument) === "1",
    security: () => {
      security ??= chooseSecurity(buildArgument(options, securityArgument));
      return security;
    },
    assembly: can("mergeop") ? "merge" : "copy",
    givesBlobs: can("source.imageblob"),
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
