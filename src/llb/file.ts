import { FileOp } from "../gen/ops.js";
import { type Output, output } from "./state.js";

export interface NewFile {
  /** Absolute path. Missing folders above it are made. */
  readonly path: string;
  readonly data: Buffer;
}

/** Times are fixed: the default, -1, would be the time of the build. */
const timestamp = 0;

/** A file that is copied from another state. */
export interface CopiedFile {
  readonly from: Output;
  readonly source: string;
  /** Absolute path. Missing folders above it are made. */
  readonly path: string;
}

/** Writes files onto scratch. */
export function files(name: string, list: readonly NewFile[], copied: readonly CopiedFile[] = []): Output {
  const written = list.flatMap(({ path, data }) => {
    const folder = path.slice(0, path.lastIndexOf("/"));
    const mkdir = {
      $case: "mkdir" as const,
      value: { path: folder, mode: 0o755, makeParents: true, timestamp },
    };
    const mkfile = { $case: "mkfile" as const, value: { path, mode: 0o644, data, timestamp } };
    return (folder === "" ? [mkfile] : [mkdir, mkfile]).map((action) => ({ action, secondaryInput: -1 }));
  });
  const copies = copied.map(({ source, path }, secondaryInput) => {
    const value = { src: source, dest: path, mode: -1, createDestPath: true, timestamp };
    return { action: { $case: "copy" as const, value }, secondaryInput };
  });
  const actions = [...written, ...copies];
  const value = FileOp.fromPartial({
    actions: actions.map(({ action, secondaryInput }, index) => ({
      // The results of actions have numbers after the op's inputs. The first action starts from scratch.
      input: index === 0 ? -1 : copied.length + index - 1,
      secondaryInput,
      output: index === actions.length - 1 ? 0 : -1,
      action,
    })),
  });
  return output({
    kind: "own",
    op: { $case: "file", value },
    inputs: copied.map(({ from }) => from),
    metadata: { name, caps: ["file.base"] },
  });
}
