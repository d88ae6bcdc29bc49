import { FileOp } from "../gen/ops.js";
import { type Output, output, type State } from "./state.js";

/**
 * Lays the files of a state over another one, with their owners, modes, times, hard links and extended attributes;
 * directories that both have get those of `from`, but for the root. The daemon does it itself, outside of the
 * containers in which it runs commands.
 * @param onto scratch, for a copy that is nothing but one directory.
 */
export function copy(name: string, from: Output, onto: State): Output {
  const inputs = onto ? [onto, from] : [from];
  const value = FileOp.fromPartial({
    actions: [
      {
        input: onto ? 0 : -1,
        secondaryInput: inputs.length - 1,
        output: 0,
        action: {
          $case: "copy",
          // Without a timestamp of its own each file keeps the one that it has.
          value: {
            src: "/",
            dest: "/",
            mode: -1,
            dirCopyContents: true,
            createDestPath: true,
            timestamp: -1,
          },
        },
      },
    ],
  });
  return output({
    kind: "own",
    op: { $case: "file", value },
    inputs,
    metadata: { name, caps: ["file.base"] },
  });
}
