/** BuildKit's LLBBridge as promises. Nothing outside this folder knows grpc-js. */
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { LarderError } from "../error.js";
import {
  type CacheOptionsEntry,
  type InputsResponse,
  LLBBridgeClient,
  type PongResponse,
  type ReadFileResponse,
  ResolveImageConfigRequest,
  type ResolveImageConfigResponse,
  type Result,
  ReturnRequest,
  SolveRequest,
  type SolveResponse,
  WarnRequest,
} from "../gen/gateway.js";
import type { Definition } from "../gen/ops.js";
import { Status } from "../gen/status.js";
import { type ContainerCommand, containerOutput } from "./container.js";
import type { LongValues } from "./long-values.js";
import type { Transport } from "./stdio.js";

export interface Bridge {
  ping(): Promise<PongResponse>;
  /** Definitions that the client or another frontend passed in, by name. */
  inputs(): Promise<Record<string, Definition>>;
  resolveImageConfig(
    request: Parameters<typeof ResolveImageConfigRequest.fromPartial>[0],
  ): Promise<ResolveImageConfigResponse>;
  /** Nothing runs until the result is evaluated, read or exported. */
  solve(request: Parameters<typeof SolveRequest.fromPartial>[0]): Promise<Result>;
  evaluate(ref: string): Promise<void>;
  /** The first `length` bytes of a file, or all: it must fit into one message then. */
  readFile(ref: string, path: string, length?: number): Promise<Buffer>;
  /** The standard output of a command in a container of its own. */
  containerOutput(command: ContainerCommand): Promise<Buffer>;
  /** A warning at the end of the build's output. */
  warn(request: Parameters<typeof WarnRequest.fromPartial>[0]): Promise<void>;
  /** To be called once; the process must then exit. */
  return(request: Parameters<typeof ReturnRequest.fromPartial>[0]): Promise<void>;
}

/** The daemon's limit for one message, in both directions. */
const messageBytes = 16 * 1024 * 1024;

/** @param cacheImports `--cache-from`: the builder looks there only in those solves that repeat it. */
export function openBridge(
  { address, longValues }: Transport,
  cacheImports: readonly CacheOptionsEntry[] = [],
): Bridge {
  const client = new LLBBridgeClient(address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": messageBytes,
    "grpc.max_send_message_length": messageBytes,
    // Retries would need the response headers that the filter has no reason to keep.
    "grpc.enable_retries": 0,
    "grpc.default_authority": "localhost",
  });
  const call = <Response>(
    start: (done: (error: ServiceError | null, response: Response) => void) => unknown,
  ) =>
    new Promise<Response>((resolve, reject) => {
      start((error, response) => (error ? reject(fromServiceError(error, longValues)) : resolve(response)));
    });

  return {
    ping: () => call<PongResponse>((done) => client.ping({}, done)),
    inputs: async () => (await call<InputsResponse>((done) => client.inputs({}, done))).Definitions,
    resolveImageConfig: (request) => {
      const full = ResolveImageConfigRequest.fromPartial(request);
      return call<ResolveImageConfigResponse>((done) => client.resolveImageConfig(full, done));
    },
    solve: async (request) => {
      const full = SolveRequest.fromPartial({
        CacheImports: [...cacheImports],
        ...request,
        allowResultReturn: true,
        allowResultArrayRef: true,
      });
      const { result } = await call<SolveResponse>((done) => client.solve(full, done));
      if (!result) throw new LarderError("the builder answered a solve without a result");
      return result;
    },
    evaluate: async (ref) => {
      await call<unknown>((done) => client.evaluate({ Ref: ref }, done));
    },
    readFile: async (ref, path, length) => {
      const Range = length === undefined ? undefined : { Offset: 0, Length: length };
      const request = { Ref: ref, FilePath: path, Range };
      const { Data } = await call<ReadFileResponse>((done) => client.readFile(request, done));
      return Buffer.from(Data);
    },
    containerOutput: (command) => containerOutput(client, command),
    warn: async (request) => {
      await call<unknown>((done) => client.warn(WarnRequest.fromPartial(request), done));
    },
    return: async (request) => {
      const full = ReturnRequest.fromPartial(request);
      await call<unknown>((done) => client.return(full, done));
    },
  };
}

const detailsKey = "grpc-status-details-bin";

/** Status details come in a trailer, which the filter may have shortened (see long-values.ts). */
function fromServiceError(error: ServiceError, longValues: LongValues): LarderError {
  const raw = error.metadata?.get(detailsKey)[0];
  // grpc-js has already decoded the base64 of what it took for the value: the token.
  const text = raw === undefined ? undefined : longValues.restore(Buffer.from(raw).toString("base64"));
  const status = text === undefined ? undefined : Status.decode(Buffer.from(text, "base64"));
  return new LarderError(status?.message || restoreMessage(error.details, longValues), {
    code: status?.code ?? error.code,
    details: status?.details ?? [],
    cause: error,
  });
}

/** grpc-js has already undone the percent-encoding of what it took for the message: the token. */
function restoreMessage(message: string, longValues: LongValues): string {
  const restored = longValues.restore(message);
  return restored === message ? message : decodeURIComponent(restored);
}
