/**
 * Asks upstream to expand words. Upstream alone knows ARG, ENV, the base image's environment, `${X:-y}` and whatever it
 * learns next. The words go into a LABEL, and the config in the answer holds their values. Nothing runs for it.
 */
import { type ImageConfig, labelsOf, withLabels } from "../image/config.js";

const prefix = "io.larder.probe.";

export interface Probe {
  /** Words as written, in order. */
  readonly words: readonly string[];
  /** Variables whose values are needed. */
  readonly variables: readonly string[];
  /** Predefined variables that the words use without an ARG. */
  readonly predefined?: readonly string[];
}

export interface ProbeAnswer {
  readonly words: readonly string[];
  /** Variables that are not set are left out. */
  readonly variables: ReadonlyMap<string, string>;
  /** The config without the probe. */
  readonly config: ImageConfig;
}

/** The instruction of the probe, for the end of the stage that is solved. */
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
