/** A short-lived container on refs, beside the build: nothing that it writes is kept. */
import { LarderError } from "../error.js";
import {
  ExecMessage,
  NewContainerRequest,
  NewContainerResponse,
  ReleaseContainerRequest,
  ReleaseContainerResponse,
} from "../gen/gateway.js";
import { NetMode } from "../gen/ops.js";
import type { Methods } from "./grpc/methods.js";

export interface ContainerCommand {
  readonly args: readonly string[];
  /** Refs by mount point. They may be the remains of a failed solve. */
  readonly mounts: readonly { readonly dest: string; readonly resultID: string }[];
}

const stdout = 1;

/** An id that the whole daemon has not seen before. BuildKit accepts letters and digits only. */
function newId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}

/** Runs a command and returns its standard output. @throws LarderError if its exit code is not 0 */
export async function containerOutput(methods: Methods, command: ContainerCommand): Promise<Buffer> {
  const ContainerID = newId();
  const create = methods.unary("NewContainer", NewContainerRequest, NewContainerResponse);
  const release = methods.unary("ReleaseContainer", ReleaseContainerRequest, ReleaseContainerResponse);
  await create(
    NewContainerRequest.fromPartial({ ContainerID, Mounts: [...command.mounts], Network: NetMode.NONE }),
  );
  try {
    return await runProcess(methods, ContainerID, command.args);
  } finally {
    // Nothing waits for this call: the daemon releases such containers when the frontend ends.
    release({ ContainerID }).catch(() => undefined);
  }
}

function runProcess(methods: Methods, ContainerID: string, args: readonly string[]): Promise<Buffer> {
  return new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = [];
    const call = methods.stream("ExecProcess", {
      message: (bytes) => {
        const { Input } = ExecMessage.decode(bytes);
        if (Input?.$case === "File" && Input.value.Fd === stdout) chunks.push(Input.value.Data);
        if (Input?.$case === "Exit" && Input.value.Code !== 0) {
          const why = Input.value.Error?.message ?? `exit status ${Input.value.Code}`;
          reject(new LarderError(`${args.join(" ")}: ${why}`));
        }
        if (Input?.$case === "Done") call.end();
      },
      done: (error) => (error ? reject(error) : resolve(Buffer.concat(chunks))),
    });
    const Init = { ContainerID, Meta: { args: [...args], cwd: "/" }, Fds: [stdout] };
    const message = ExecMessage.fromPartial({ ProcessID: newId(), Input: { $case: "Init", value: Init } });
    call.send(ExecMessage.encode(message).finish(), false);
  });
}
