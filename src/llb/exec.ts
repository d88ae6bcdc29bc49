import {
  ExecOp,
  MountContentCache,
  MountType,
  NetMode,
  type Mount as PbMount,
  type ProxyEnv,
  SecurityMode,
} from "../gen/ops.js";
import { type Output, type OwnVertex, output, type State } from "./state.js";

export type Mount =
  /** `from` (or scratch) at `dest`. Its changed content is an output of the step. */
  | { readonly kind: "output"; readonly dest: string; readonly from: State }
  /** `from` at `dest`, writable, but all changes are thrown away. */
  | { readonly kind: "temporary"; readonly dest: string; readonly from: Output }
  | { readonly kind: "readonly"; readonly dest: string; readonly from: Output }
  /** One file of `from` at `dest`. The file's content is in the cache key, or else that of `from` is. */
  | {
      readonly kind: "file";
      readonly dest: string;
      readonly from: Output;
      readonly path: string;
      readonly keyedByContent: boolean;
    }
  /** A file with the secret. It is absent if the build has no secret with this id. */
  | { readonly kind: "secret"; readonly dest: string; readonly id: string };

export interface ExecOptions {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly network: "default" | "host" | "none";
  readonly proxies?: Partial<ProxyEnv> | undefined;
  readonly insecure: boolean;
  /** The first mount is the root. */
  readonly mounts: readonly Mount[];
  readonly ignoreCache: boolean;
}

/** Runs a command. The result is one state for each mount of the kind `output`, keyed by its `dest`. */
export function exec(options: ExecOptions): ReadonlyMap<string, Output> {
  const inputs: Output[] = [];
  const dests: string[] = [];
  const mounts = options.mounts.map((mount): PbMount => {
    const from = mount.kind === "secret" ? undefined : mount.from;
    const input = from ? addInput(inputs, from) : scratchInput;
    // Outputs are numbered in the order of the mounts: the daemon does not look at the number itself.
    const outputNumber = mount.kind === "output" ? dests.push(mount.dest) - 1 : noOutput;
    return encodeMount(mount, input, outputNumber);
  });
  const value = ExecOp.fromPartial({
    meta: {
      args: [...options.args],
      env: [...options.env],
      cwd: "/",
      proxy_env: options.proxies,
      removeMountStubsRecursive: true,
    },
    mounts,
    network: { default: NetMode.UNSET, host: NetMode.HOST, none: NetMode.NONE }[options.network],
    security: options.insecure ? SecurityMode.INSECURE : SecurityMode.SANDBOX,
  });
  const vertex: OwnVertex = {
    kind: "own",
    op: { $case: "exec", value },
    inputs,
    metadata: { name: options.name, caps: capsOf(options), ignoreCache: options.ignoreCache },
  };
  return new Map(dests.map((dest, index) => [dest, output(vertex, index)]));
}

const scratchInput = -1;
const noOutput = -1;

function addInput(inputs: Output[], from: Output): number {
  const known = inputs.findIndex((input) => input.vertex === from.vertex && input.index === from.index);
  return known >= 0 ? known : inputs.push(from) - 1;
}

function encodeMount(mount: Mount, input: number, outputNumber: number): PbMount {
  const base: PbMount = {
    input,
    selector: mount.kind === "file" ? mount.path : "",
    dest: mount.dest,
    output: outputNumber,
    readonly: mount.kind === "readonly" || mount.kind === "file",
    mountType: MountType.BIND,
    secretOpt: undefined,
    resultID: "",
    contentCache: contentCacheOf(mount),
  };
  if (mount.kind !== "secret") return base;
  return {
    ...base,
    mountType: MountType.SECRET,
    contentCache: MountContentCache.DEFAULT,
    secretOpt: { ID: mount.id, uid: 0, gid: 0, mode: 0o400, optional: true },
  };
}

/**
 * By default, the content of an input is its key, too: that takes seconds for a large stage, and a result on another stage
 * of the same content has that stage's layers. (Times do not count as content.)
 */
function contentCacheOf(mount: Mount): MountContentCache {
  const isAlone = mount.kind === "output" && mount.from === undefined;
  const isHashed = isAlone || (mount.kind === "file" && mount.keyedByContent);
  return isHashed ? MountContentCache.DEFAULT : MountContentCache.OFF;
}

function capsOf({ mounts, insecure, network, proxies }: ExecOptions): string[] {
  const caps = ["exec.meta.base", "exec.mount.bind"];
  if (insecure) caps.push("exec.meta.security");
  if (network !== "default") caps.push("exec.meta.network");
  if (proxies) caps.push("exec.meta.proxyenv");
  if (mounts.some(({ kind }) => kind === "file")) caps.push("exec.mount.selector");
  if (mounts.some(({ kind }) => kind === "temporary")) caps.push("exec.mount.bind.readwrite-nooutput");
  if (mounts.some(({ kind }) => kind === "secret")) caps.push("exec.mount.secret");
  return caps;
}
