import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Build, build } from "./build.js";

/** The result of `--build-arg LARDER_PLAN=1`: nothing is fetched and nothing runs. */
export interface Plan {
  readonly target: string;
  readonly stages: readonly {
    readonly name: string;
    readonly base: string;
    readonly cuts: readonly string[];
  }[];
  readonly cuts: readonly PlannedCut[];
}

export interface PlannedCut {
  readonly stage: string;
  readonly lines: { readonly start: number; readonly end: number };
  readonly security: string;
  readonly images: readonly {
    readonly name: string;
    readonly digest: string;
    readonly platform: string;
    readonly network: string;
    readonly layers: readonly { readonly diffId: string; readonly outerLayer: number }[];
  }[];
  readonly outerLayers: readonly { readonly diffIds: readonly string[] }[];
  readonly kept: readonly { readonly line: number; readonly text: string }[];
}

export async function buildPlan(request: Build): Promise<{ plan: Plan; log: string }> {
  const folder = mkdtempSync(join(tmpdir(), "larder-plan-"));
  try {
    const args = ["--build-arg", "LARDER_PLAN=1", "--output", `type=local,dest=${folder}`];
    const log = await build({ ...request, args: [...args, ...(request.args ?? [])] });
    return { plan: JSON.parse(readFileSync(join(folder, "plan.json"), "utf8")), log };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
