/** What the outer engine knows of a container, as far as it matters to PRELOAD. */
import type { ImageConfig } from "../../image/config.js";

export interface OuterFacts {
  readonly name: string;
  readonly id: string;
  readonly isRunning: boolean;
  /** The engine's word: `running`, `exited`, `paused`, ... */
  readonly state: string;
  readonly image: ImageFacts;
  /** ENTRYPOINT and CMD as the container has them. */
  readonly command: readonly string[];
  /** Whoever made the container gave it another command than the image has; undefined if the image is gone. */
  readonly isOverridden: boolean | undefined;
  readonly environment: ReadonlyMap<string, string>;
  readonly mounts: readonly Mount[];
  readonly runtime: string;
  readonly isPrivileged: boolean;
  readonly isReadOnly: boolean;
  readonly engine: { readonly version: string; readonly driver: string };
}

export interface ImageFacts {
  /** As the container was created with it. */
  readonly name: string;
  /** The label `io.larder.preload`. */
  readonly label: string | undefined;
  /** Does the name still mean the image that the container was created from? */
  readonly now: "the same" | "another" | "gone";
}

export interface Mount {
  readonly type: string;
  /** A volume's name, or the path of a bind mount. */
  readonly source: string;
  readonly destination: string;
  readonly isReadOnly: boolean;
  /** Seconds from the making of the volume to that of the container, where the engine tells. */
  readonly age?: number;
}

/** What was found in the container, by `attach --explain` or by its files. */
export type InnerFacts =
  | { readonly kind: "explained"; readonly explained: Explained }
  /** The container does not run: only its files can be read. */
  | { readonly kind: "stopped"; readonly hasShelf: boolean; readonly isAttached: boolean }
  /** It runs, and attach does not: a reason that names the way out. */
  | { readonly kind: "failed"; readonly reason: string };

/** The lines of `attach --explain`. */
export interface Explained {
  /** undefined if attach could not tell. */
  readonly shows: boolean | undefined;
  readonly found: readonly { readonly name: string; readonly text: string }[];
  readonly notes: readonly string[];
  readonly reasons: readonly string[];
}

/** Values by name of `NAME=value`. */
export function environmentFacts(entries: readonly string[] = []): ReadonlyMap<string, string> {
  return new Map(entries.map((entry) => [entry.split("=", 1)[0] ?? "", entry.slice(entry.indexOf("=") + 1)]));
}

/** ENTRYPOINT and CMD in one, as the engine runs them. */
export function commandOf(config: Pick<NonNullable<ImageConfig["config"]>, string>): readonly string[] {
  const words = (value: unknown): string[] =>
    typeof value === "string" ? [value] : Array.isArray(value) ? value.map(String) : [];
  return [...words(config.Entrypoint), ...words(config.Cmd)];
}

/** The lines that attach printed. @param code its exit code. */
export function parseExplained(output: string, code: number | null): Explained {
  const lines = output.split("\n").flatMap((line) => {
    const [, name, text] = /^([a-z ]+): +(.*)$/.exec(line) ?? [];
    return name !== undefined && text !== undefined ? [{ name, text }] : [];
  });
  const textsOf = (wanted: string): string[] =>
    lines.filter(({ name }) => name === wanted).map(({ text }) => text);
  return {
    shows: code === 0 ? true : code === 1 ? false : undefined,
    found: lines.filter(({ name }) => !["note", "why not", "images"].includes(name)),
    notes: textsOf("note"),
    reasons: textsOf("why not"),
  };
}
