import { FileOp } from "../gen/ops.js";
import { type Output, output } from "./state.js";

export interface NewFile {
  /** Absolute path; folders above it are made. */
  readonly path: string;
  readonly data: Buffer;
}

/** Times are fixed: the default, -1, would be the time of the build. */
const timestamp = 0;

/** Writes files onto scratch. */
export function files(name: string, list: readonly NewFile[]): Output {
  const actions = list.flatMap(({ path, data }) => {
    const folder = path.slice(0, path.lastIndexOf("/"));
    const mkdir = {
      $case: "mkdir" as const,
      value: { path: folder, mode: 0o755, makeParents: true, timestamp },
    };
    const mkfile = { $case: "mkfile" as const, value: { path, mode: 0o644, data, timestamp } };
    return folder === "" ? [mkfile] : [mkdir, mkfile];
  });
  const value = FileOp.fromPartial({
    actions: actions.map((action, index) => ({
      // An op without inputs numbers its actions from 0; the first one starts from scratch.
      input: index - 1,
      secondaryInput: -1,
      output: index === actions.length - 1 ? 0 : -1,
      action,
    })),
  });
  return output({
    kind: "own",
    op: { $case: "file", value },
    inputs: [],
    metadata: { name, caps: ["file.base"] },
  });
}

export interface FileCopy {
  readonly from: Output;
  readonly src: string;
  readonly dest: string;
}

/** Files of other states, on scratch: of owner root, mode 0644 and time 0, as are the folders above them (0755). */
export function copyFiles(name: string, copies: readonly FileCopy[]): Output {
  const inputs = [...new Set(copies.map(({ from }) => from))];
  const folders = [...new Set(copies.map(({ dest }) => dest.slice(0, dest.lastIndexOf("/"))))];
  const actions = [
    ...folders.map((path) => ({
      secondaryInput: -1,
      action: { $case: "mkdir" as const, value: { path, mode: 0o755, makeParents: true, timestamp } },
    })),
    ...copies.map(({ from, src, dest }) => ({
      secondaryInput: inputs.indexOf(from),
      action: { $case: "copy" as const, value: { src, dest, owner: root, mode: 0o644, timestamp } },
    })),
  ];
  const value = FileOp.fromPartial({
    actions: actions.map((action, index) => ({
      ...action,
      // An action's number comes after those of the op's inputs; the first one starts from scratch.
      input: index === 0 ? -1 : inputs.length + index - 1,
      output: index === actions.length - 1 ? 0 : -1,
    })),
  });
  return output({
    kind: "own",
    op: { $case: "file", value },
    inputs,
    metadata: { name, caps: ["file.base"] },
  });
}

const root = {
  user: { user: { $case: "byID" as const, value: 0 } },
  group: { user: { $case: "byID" as const, value: 0 } },
};

/** What an archive holds, on scratch. */
export function unpack(name: string, from: Output, path: string): Output {
  const copy = {
    src: path,
    dest: "/",
    mode: -1,
    attemptUnpackDockerCompatibility: true,
    createDestPath: true,
    // Files keep the times that they have in the archive.
    timestamp: -1,
  };
  const action = { input: -1, secondaryInput: 0, output: 0, action: { $case: "copy" as const, value: copy } };
  const value = FileOp.fromPartial({ actions: [action] });
  return output({
    kind: "own",
    op: { $case: "file", value },
    inputs: [from],
    metadata: { name, caps: ["file.base"] },
  });
}
