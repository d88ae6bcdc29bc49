/**
 * Asks upstream what words stand for. ARG, ENV, the base image's environment, `${X:-y}` and
 * whatever it learns next are expanded by it alone: the words are put into a LABEL, and the config that
 * comes back holds their values. Nothing runs for it.
 */
import { type ImageConfig, labelsOf, withLabels } from "../image/config.js";

const prefix = "io.larder.probe.";

export interface Probe {
  /** Words as written, in order. */
  readonly words: readonly string[];
  /** Names of variables whose values are asked for. */
  readonly variables: readonly string[];
  /** Predefined variables that the words use without an ARG. */
  readonly predefined?: readonly string[];
}

export interface ProbeAnswer {
  readonly words: readonly string[];
  /** Without those that are not set. */
  readonly variables: ReadonlyMap<string, string>;
  /** The config as it is without the probe. */
  readonly config: ImageConfig;
}

/** What asks, to be the end of the stage that is solved. */
export function probeInstruction({ words, variables, predefined = [] }: Probe): string {
  const labels = [
    `${prefix}asked=1`,
    ...words.map((word, index) => `${prefix}word.${index}=${word}`),
    ...variables.flatMap((name) => [
      `${prefix}value.${name}="\${${name}}"`,
      `${prefix}set.${name}="\${${name}+1}"`,
    ]),
  ];
  return [...declaration(predefined), `LABEL ${labels.join(" ")}`].join("\n");
}

function declaration(names: readonly string[]): string[] {
  return names.length > 0 ? [`ARG ${names.join(" ")}`] : [];
}

export function readProbe({ words, variables, predefined = [] }: Probe, config: ImageConfig): ProbeAnswer {
  const labels = labelsOf(config);
  const own = Object.fromEntries(Object.entries(labels).filter(([name]) => !name.startsWith(prefix)));
  return {
    words: words.map((_, index) => labels[`${prefix}word.${index}`] ?? ""),
    variables: new Map(
      variables
        .filter((name) => labels[`${prefix}set.${name}`] === "1")
        .map((name) => [name, labels[`${prefix}value.${name}`] ?? ""]),
    ),
    config: {
      ...withLabels(config, own),
      history: (config.history ?? []).slice(0, -1 - declaration(predefined).length),
    },
  };
}
