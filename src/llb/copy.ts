/** Copies that the daemon itself makes, outside of the containers in which it runs commands. */
import { type FileActionCopy, FileOp } from "../gen/ops.js";
import { type Output, output, type State } from "./state.js";

/**
 * Lays the files of a state over another one, with their owners, modes, times and extended attributes; hard links of
 * regular files stay, those of other files become files of their own. Directories that both have get what those of
 * `from` have, but for the root.
 * @param onto scratch, for a copy that is nothing but one directory.
 */
export function copy(name: string, from: Output, onto: State): Output {
  return copyOp(name, from, onto, { src: "/", dirCopyContents: true });
}

/** Lays what an archive holds over a state. @param path of the archive in `from`. */
export function unpack(name: string, from: Output, path: string, onto: State): Output {
  return copyOp(name, from, onto, { src: path, attemptUnpackDockerCompatibility: true });
}

function copyOp(name: string, from: Output, onto: State, what: Partial<FileActionCopy>): Output {
  const inputs = onto ? [onto, from] : [from];
  // Without a timestamp of its own each file keeps the one that it has.
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
