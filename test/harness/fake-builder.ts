import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, type Readable, type Writable } from "node:stream";
import {
  type handleBidiStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  status,
} from "@grpc/grpc-js";
import { LLBBridgeService } from "../../src/gen/bridge.js";
import {
  ExecMessage,
  type NewContainerRequest,
  PongResponse,
  type ResolveImageConfigRequest,
  type ResolveImageConfigResponse,
  type Result,
  ReturnRequest,
  type SolveRequest,
  type WarnRequest,
} from "../../src/gen/gateway.js";
import type { Definition } from "../../src/gen/ops.js";
import { type Detail, Status } from "../../src/gen/status.js";

/** The answers of the builder. Calls without an answer are refused as unimplemented. */
export interface Answers {
  ping?(): { LLBCaps: { ID: string; Enabled: boolean }[] };
  inputs?(): Record<string, Definition>;
  solve?(request: SolveRequest): Result | undefined;
  readFile?(ref: string, path: string): Buffer;
  resolveImageConfig?(request: ResolveImageConfigRequest): ResolveImageConfigResponse;
  evaluate?(ref: string): void;
  warn?(request: WarnRequest): void;
  newContainer?(request: NewContainerRequest): void;
  /** The standard output of a command in a container; an error is an exit with status 1. */
  containerOutput?(containerId: string, args: readonly string[]): Buffer;
  return?(request: ReturnRequest): void;
}

/** An error in BuildKit's form, with typed details in the trailer. */
export class Refusal extends Error {
  readonly code: number;
  readonly details: readonly Detail[];

  constructor(
    message: string,
    { code = 2, details = [] }: { code?: number; details?: readonly Detail[] } = {},
  ) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** BuildKit's side of the bridge: a real gRPC server, over real HTTP/2. */
export class FakeBuilder {
  /** All returned requests, in order. */
  readonly returned: ReturnRequest[] = [];
  readonly #server = new Server({
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
  });
  readonly #folder = mkdtempSync(join(tmpdir(), "larder-fake-"));
  readonly #sockets: Socket[] = [];

  static async start(answers: Answers): Promise<FakeBuilder> {
    const builder = new FakeBuilder();
    builder.#server.addService(LLBBridgeService, builder.#handlers(answers));
    await new Promise<void>((resolve, reject) => {
      const done = (error: Error | null) => (error ? reject(error) : resolve());
      builder.#server.bindAsync(`unix:${builder.path}`, ServerCredentials.createInsecure(), done);
    });
    return builder;
  }

  /** The two pipes that are a frontend's standard input and output. */
  pipes(): { input: Readable; output: Writable } {
    const socket = connect(this.path);
    this.#sockets.push(socket);
    const [input, output] = [new PassThrough(), new PassThrough()];
    socket.pipe(input);
    // A socket that is destroyed does not end the stream that it is piped to.
    socket.once("close", () => input.end());
    output.pipe(socket);
    return { input, output };
  }

  /** Ends all connections, as if the daemon had died. */
  breakOff(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  stop(): void {
    this.breakOff();
    this.#server.forceShutdown();
    rmSync(this.#folder, { recursive: true });
  }

  /** The socket that it listens on. */
  get path(): string {
    return `${this.#folder}/builder.sock`;
  }

  #handlers(answers: Answers) {
    const unary = <Request, Response>(
      name: string,
      answer: ((request: Request) => Response) | undefined,
    ): handleUnaryCall<Request, Response> => {
      return ({ request }, done) => {
        try {
          if (!answer) throw new Refusal(`${name} is not implemented`, { code: status.UNIMPLEMENTED });
          done(null, answer(request));
        } catch (error) {
          done(toServiceError(error));
        }
      };
    };
    const { ping, inputs, solve, readFile, evaluate } = answers;
    return {
      ping: unary("Ping", ping && (() => PongResponse.fromPartial(ping()))),
      inputs: unary("Inputs", inputs && (() => ({ Definitions: inputs() }))),
      solve: unary("Solve", solve && ((request: SolveRequest) => ({ result: solve(request) }))),
      readFile: unary(
        "ReadFile",
        readFile &&
          ((request: { Ref: string; FilePath: string }) => ({
            Data: readFile(request.Ref, request.FilePath),
          })),
      ),
      resolveImageConfig: unary("ResolveImageConfig", answers.resolveImageConfig),
      evaluate: unary("Evaluate", evaluate && ((request: { Ref: string }) => evaluate(request.Ref) ?? {})),
      return: unary("Return", (request: ReturnRequest) => {
        this.returned.push(ReturnRequest.fromPartial(request));
        answers.return?.(request);
        return {};
      }),
      warn: unary("Warn", answers.warn && ((request: WarnRequest) => answers.warn?.(request) ?? {})),
      newContainer: unary(
        "NewContainer",
        answers.newContainer && ((request: NewContainerRequest) => answers.newContainer?.(request) ?? {}),
      ),
      releaseContainer: unary("ReleaseContainer", answers.newContainer && (() => ({}))),
      execProcess: execProcess(answers),
    };
  }
}

/** As the gateway runs a process: it has started, its output, its status, the end. */
function execProcess({ containerOutput }: Answers): handleBidiStreamingCall<ExecMessage, ExecMessage> {
  return (stream) => {
    stream.on("end", () => stream.end());
    stream.on("data", ({ ProcessID, Input }: ExecMessage) => {
      if (Input?.$case !== "Init" || !containerOutput) return;
      const send = (message: Parameters<typeof ExecMessage.fromPartial>[0]["Input"]) =>
        stream.write(ExecMessage.fromPartial({ ProcessID, Input: message }));
      send({ $case: "Started", value: {} });
      let Code = 0;
      try {
        const Data = containerOutput(Input.value.ContainerID, Input.value.Meta?.args ?? []);
        send({ $case: "File", value: { Fd: 1, Data } });
      } catch {
        Code = 1;
      }
      send({ $case: "File", value: { Fd: 1, EOF: true } });
      send({ $case: "Exit", value: { Code } });
      send({ $case: "Done", value: {} });
    });
  };
}

function toServiceError(error: unknown) {
  const { message, code, details } = error instanceof Refusal ? error : new Refusal(String(error));
  const metadata = new Metadata();
  if (details.length > 0) {
    const bytes = Status.encode({ code, message, details: [...details] }).finish();
    metadata.set("grpc-status-details-bin", Buffer.from(bytes));
  }
  return Object.assign(new Error(message), { code, details: message, metadata });
}
