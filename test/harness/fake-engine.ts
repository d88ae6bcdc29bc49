/** What steps leave, and what is known of one that fails. */
import { type Job, jobFile, mount } from "../../src/agent/job.js";
import type { Definition, ExecOp, Input, Op } from "../../src/gen/ops.js";
import type { Detail } from "../../src/gen/status.js";
import { sourceDetail } from "./fake-dockerfile.js";
import { opsOf } from "./fake-graph.js";

export interface NamedStep {
  readonly name: string;
  readonly digest: string;
  readonly kind: string | undefined;
  readonly exec: ExecOp | undefined;
  readonly inputs: readonly Input[];
  /** Of a step of Larder's own. */
  readonly job: Job | undefined;
}

export interface Files {
  readonly client: Readonly<Record<string, string>>;
  ofStep(job: Job, dest: string): Readonly<Record<string, string | Buffer>>;
  /** A document of an image, by its digest. */
  blob(digest: string): Buffer | undefined;
}

export function stepsOf(definition: Definition): NamedStep[] {
  return opsOf(definition).map(({ name, digest, op }) => {
    const exec = op.op?.$case === "exec" ? op.op.value : undefined;
    return { name, digest, kind: op.op?.$case, exec, inputs: op.inputs, job: jobOf(definition, op) };
  });
}

function jobOf(definition: Definition, { op, inputs }: Op): Job | undefined {
  if (op?.$case !== "exec") return undefined;
  const { args = [] } = op.value.meta ?? {};
  const argument = args[1]?.endsWith("/agent.mjs") ? args[2] : undefined;
  if (argument !== undefined) return JSON.parse(argument) as Job;
  const at = inputs[op.value.mounts.find(({ dest }) => dest === mount.job)?.input ?? -1];
  const bytes =
    at && fileAt(definition, at, jobFile, { client: {}, ofStep: () => ({}), blob: () => undefined });
  return bytes && (JSON.parse(bytes.toString()) as Job);
}

/** @param path without a slash before it. */
export function fileAt(
  definition: Definition,
  { digest, index }: Input,
  path: string,
  files: Files,
): Buffer | undefined {
  const found = opsOf(definition).find((one) => one.digest === digest);
  if (!found) return undefined;
  const { op, inputs } = found.op;
  const ofInput = (number: number, wanted: string): Buffer | undefined => {
    const input = inputs[number];
    return input && fileAt(definition, input, wanted, files);
  };
  switch (op?.$case) {
    case "source": {
      const digest = /^[a-z-]+\+blob:\/\/.*@(sha256:[0-9a-f]{64})$/.exec(op.value.identifier)?.[1];
      if (digest !== undefined)
        return path === digest.slice("sha256:".length) ? files.blob(digest) : undefined;
      const text = op.value.identifier.startsWith("local://") ? files.client[path] : undefined;
      return text === undefined ? undefined : Buffer.from(text);
    }
    case "exec": {
      const outputs = op.value.mounts.filter(({ output }) => output !== -1);
      const { dest = "", input = -1 } = outputs[index] ?? {};
      const job = jobOf(definition, found.op);
      const own = job && files.ofStep(job, dest)[path];
      return own === undefined ? ofInput(input, path) : Buffer.from(own);
    }
    case "file": {
      for (const { action, secondaryInput } of op.value.actions.toReversed()) {
        if (action?.$case === "mkfile" && action.value.path === `/${path}`) return action.value.data;
        if (action?.$case !== "copy" || action.value.dest !== `/${path}`) continue;
        return ofInput(secondaryInput, action.value.src.replace(/^\/+/, ""));
      }
      return ofInput(op.value.actions[0]?.input ?? -1, path);
    }
    default:
      return undefined;
  }
}

/** The details of a failure: the place in the file, the step, and a ref for each of its mounts. */
export function failedStep(
  { Source }: Definition,
  { digest, exec }: NamedStep,
): { mountIDs: string[]; details: Detail[] } {
  const mounts = exec?.mounts.map(({ dest }) => ({ dest })) ?? [];
  const mountIDs = mounts.map(({ dest }) => `failed ${digest} ${dest}`);
  const op = { exec: { meta: { args: exec?.meta?.args, env: exec?.meta?.env }, mounts } };
  const places = (Source?.locations[digest]?.locations ?? []).map(({ sourceIndex, ranges }) => {
    const { filename = "", data, language } = Source?.infos[sourceIndex] ?? {};
    return {
      type_url: sourceDetail,
      value: { info: { filename, data: data?.toString("base64"), language }, ranges },
    };
  });
  const prefix = "github.com/moby/buildkit/errdefs.";
  const all = [
    ...places,
    { type_url: `${prefix}Vertex+json`, value: { digest } },
    { type_url: `${prefix}Solve+json`, value: { inputIDs: [], mountIDs, op } },
  ];
  const details = all.map(({ type_url, value }) => ({ type_url, value: Buffer.from(JSON.stringify(value)) }));
  return { mountIDs, details };
}
