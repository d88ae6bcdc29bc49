/** Copies that the daemon makes itself, outside of the containers in which it runs commands. */
import { type FileActionCopy, FileOp } from "../gen/ops.js";
import { type Output, output, type State } from "./state.js";

/**
 * Lays the files of a state over another state, with their owners, modes, times and extended attributes. Hard links of
 * regular files stay; those of other files become separate files. A directory in both gets its metadata from `from`,
 * except for the root.
 * @param onto scratch if the result is to be this one directory.
 */
export function copy(name: string, from: Output, onto: State): Output {
  return copyOp(name, from, onto, { src: "/", dirCopyContents: true });
}

/** Lays the content of an archive over a state. @param path of the archive in `from`. */
export function unpack(name: string, from: Output, path: string, onto: State): Output {
  return copyOp(name, from, onto, { src: path, attemptUnpackDockerCompatibility: true });
}

function copyOp(name: string, from: Output, onto: State, what: Partial<FileActionCopy>): Output {
  const inputs = onto ? [onto, from] : [from];
  // Without a timestamp in the action, each file keeps its own.
  const value = { ...what, dest: "/", mode: -1, createDestPath: true, timestamp: -1 };
  const action = {
    input: onto ? 0 : -1,
    secondaryInput: inputs.length - 1,
    output: 0,
    action: { $case: "copy" as const, value },
  };
  return output({
    kind: "own",
    op: { $case: "file", value: FileOp.fromPartial({ actions: [action] }) },
    inputs,
    metadata: { name, caps: ["file.base"] },
  });
}
