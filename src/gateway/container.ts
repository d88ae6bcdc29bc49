/** A short-lived container of refs, beside the build: nothing that it writes is kept. */
import { randomBytes } from "node:crypto";
import { LarderError } from "../error.js";
import { ExecMessage, type LLBBridgeClient, NewContainerRequest } from "../gen/gateway.js";
import { NetMode } from "../gen/ops.js";

export interface ContainerCommand {
  readonly args: readonly string[];
  /** Refs, or what a failed solve left, by mount point. */
  readonly mounts: readonly { readonly dest: string; readonly resultID: string }[];
}

const stdout = 1;

/** BuildKit takes letters and digits only. */
function newId(): string {
  return randomBytes(16).toString("hex");
}

/** Runs a command and gives its standard output. @throws LarderError if it exits with another status than 0 */
export async function containerOutput(client: LLBBridgeClient, command: ContainerCommand): Promise<Buffer> {
  const ContainerID = newId();
  const request = NewContainerRequest.fromPartial({
    ContainerID,
    Mounts: [...command.mounts],
    Network: NetMode.NONE,
  });
  await new Promise<void>((resolve, reject) => {
    client.newContainer(request, (error) => (error ? reject(error) : resolve()));
  });
  try {
    return await runProcess(client, ContainerID, command.args);
  } finally {
    client.releaseContainer({ ContainerID }, () => undefined);
  }
}

function runProcess(client: LLBBridgeClient, ContainerID: string, args: readonly string[]): Promise<Buffer> {
  const ProcessID = newId();
  const stream = client.execProcess();
  return new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream.on("error", reject);
    stream.on("data", ({ Input }: ExecMessage) => {
      if (Input?.$case === "File" && Input.value.Fd === stdout) chunks.push(Input.value.Data);
      if (Input?.$case === "Exit" && Input.value.Code !== 0) {
        const why = Input.value.Error?.message ?? `exit status ${Input.value.Code}`;
        reject(new LarderError(`${args.join(" ")}: ${why}`));
      }
      if (Input?.$case === "Done") resolve(Buffer.concat(chunks));
    });
    const Init = { ContainerID, Meta: { args: [...args], cwd: "/" }, Fds: [stdout] };
    stream.write(ExecMessage.fromPartial({ ProcessID, Input: { $case: "Init", value: Init } }));
  }).finally(() => stream.end());
}
