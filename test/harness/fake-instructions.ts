/** What each instruction does to the image that a stage has come to. */
import type { Input } from "../../src/gen/ops.js";
import { type Instruction, parseCommand, splitPair, splitWords } from "./fake-dockerfile.js";
import type { Graph } from "./fake-graph.js";

export interface ImageConfig {
  architecture: string;
  os: string;
  config: {
    Env?: string[];
    Labels?: Record<string, string>;
    OnBuild?: string[];
    Cmd?: string[];
    Entrypoint?: string[];
    WorkingDir?: string;
  };
  rootfs: { type: string; diff_ids: string[] };
  history: { created_by: string; comment?: string; empty_layer?: boolean }[];
}

export interface Built {
  root: Input | undefined;
  readonly config: ImageConfig;
  /** ARG and ENV: whichever is last. */
  readonly variables: Map<string, string>;
}

export interface Dispatch extends Instruction {
  readonly built: Built;
  readonly graph: Graph;
  nextStep(words: string): string;
  /** What `--build-arg` says. */
  chosen(name: string): string | undefined;
  /** An ARG above the first FROM, or a predefined one. */
  global(name: string): string | undefined;
  /** The stage has a CMD. */
  readonly hasOwnCommand: boolean;
  rootOf(stage: string): Input | undefined;
  /** A word expanded. */
  value(word: string): string;
}

type Entry = Omit<ImageConfig["history"][number], "comment">;

/** @returns the entry of the image's history. */
export const dispatchers: Readonly<Record<string, (on: Dispatch) => Entry | undefined>> = {
  ARG: dispatchArg,
  ENV: dispatchEnv,
  LABEL: dispatchLabel,
  RUN: dispatchRun,
  COPY: dispatchCopy,
  CMD: ({ built, text }) => {
    built.config.config.Cmd = parseCommand(text);
    return empty(`CMD ${text}`);
  },
  ENTRYPOINT: ({ built: { config }, text, hasOwnCommand }) => {
    config.config.Entrypoint = parseCommand(text);
    // The CMD of a base image is for its own entrypoint.
    if (!hasOwnCommand) delete config.config.Cmd;
    return empty(`ENTRYPOINT ${text}`);
  },
  ONBUILD: ({ built: { config }, text }) => {
    config.config.OnBuild = [...(config.config.OnBuild ?? []), text];
    return undefined;
  },
  VOLUME: ({ text }) => empty(`VOLUME ${text}`),
  USER: ({ text }) => empty(`USER ${text}`),
};

function empty(created_by: string): Entry {
  return { created_by, empty_layer: true };
}

function dispatchArg({ built, text, chosen, global, value }: Dispatch): Entry {
  for (const [name, given] of splitWords(text).map(splitPair)) {
    const known = chosen(name) ?? (given === undefined ? global(name) : value(given));
    if (known !== undefined) built.variables.set(name, known);
  }
  return empty(`ARG ${text}`);
}

function dispatchEnv({ built: { config, variables }, text, value }: Dispatch): Entry {
  const set = splitWords(text)
    .map(splitPair)
    .map(([name, given = ""]) => [name, value(given)] as const);
  for (const [name, known] of set) {
    variables.set(name, known);
    const others = (config.config.Env ?? []).filter((line) => !line.startsWith(`${name}=`));
    config.config.Env = [...others, `${name}=${known}`];
  }
  return empty(`ENV ${set.map((pair) => pair.join("=")).join(" ")}`);
}

function dispatchLabel({ built: { config }, text, value }: Dispatch): Entry {
  const set = splitWords(text)
    .map(splitPair)
    .map(([name, given = ""]) => [value(name), value(given)] as const);
  config.config.Labels = { ...config.config.Labels, ...Object.fromEntries(set) };
  return empty(`LABEL ${set.map((pair) => pair.join("=")).join(" ")}`);
}

function dispatchRun({ built, graph, text, lines, nextStep }: Dispatch): Entry {
  const env = [...built.variables].map((pair) => pair.join("="));
  const meta = { args: ["/bin/sh", "-c", text], env, cwd: built.config.config.WorkingDir || "/" };
  const mounts = [{ input: built.root ? 0 : -1, dest: "/", output: 0 }];
  const op = { $case: "exec" as const, value: { meta, mounts } };
  built.root = graph.add({ op, inputs: built.root ? [built.root] : [] }, nextStep(`RUN ${text}`), lines);
  return { created_by: `RUN ${text}` };
}

/** A single file, or a stage's. */
function dispatchCopy({ built, graph, text, lines, nextStep, rootOf, value }: Dispatch): Entry {
  const [flag = "", from] = /^--from=(\S+)\s+/.exec(text) ?? [];
  const rest = text.slice(flag.length);
  const words = rest.startsWith("[") ? (JSON.parse(rest) as string[]) : splitWords(rest);
  const [src = "", dest = ""] = words.map(value);
  const identifier = "local://context";
  const context = { op: { $case: "source" as const, value: { identifier, attrs: {} } } };
  const taken = from === undefined ? graph.add(context, "[internal] load build context") : rootOf(from);
  const inputs = [built.root, taken].filter((input) => input !== undefined);
  const action = {
    $case: "copy" as const,
    value: { src, dest, mode: -1, createDestPath: true, timestamp: -1 },
  };
  const actions = [{ input: built.root ? 0 : -1, secondaryInput: inputs.length - 1, output: 0, action }];
  const op = { $case: "file" as const, value: { actions } };
  built.root = graph.add({ op, inputs }, nextStep(`COPY ${value(text)}`), lines);
  return { created_by: `COPY ${value(text)}` };
}
