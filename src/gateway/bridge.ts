/** BuildKit's LLBBridge as promises. */
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { LarderError } from "../error.js";
import {
  type CacheOptionsEntry,
  EvaluateRequest,
  EvaluateResponse,
  InputsRequest,
  InputsResponse,
  PingRequest,
  PongResponse,
  ReadFileRequest,
  ReadFileResponse,
  ResolveImageConfigRequest,
  ResolveImageConfigResponse,
  type Result,
  ReturnRequest,
  ReturnResponse,
  SolveRequest,
  SolveResponse,
  WarnRequest,
  WarnResponse,
} from "../gen/gateway.js";
import type { Definition } from "../gen/ops.js";
import { type ContainerCommand, containerOutput } from "./container.js";
import { methodsOf } from "./grpc/methods.js";
import { Http2Connection } from "./http2/connection.js";

export interface Bridge {
  ping(): Promise<PongResponse>;
  /** Definitions from the client or another frontend, by name. */
  inputs(): Promise<Record<string, Definition>>;
  resolveImageConfig(
    request: Parameters<typeof ResolveImageConfigRequest.fromPartial>[0],
  ): Promise<ResolveImageConfigResponse>;
  /** Nothing runs until the result is evaluated, read or exported. */
  solve(request: Parameters<typeof SolveRequest.fromPartial>[0]): Promise<Result>;
  evaluate(ref: string): Promise<void>;
  /** The first `length` bytes of a file, or the whole file, which must then fit into one message of 16 MiB. */
  readFile(ref: string, path: string, length?: number): Promise<Buffer>;
  /** The standard output of a command in a separate container. */
  containerOutput(command: ContainerCommand): Promise<Buffer>;
  /** A warning at the end of the build's output. */
  warn(request: Parameters<typeof WarnRequest.fromPartial>[0]): Promise<void>;
  /** Call it once; the process must then exit. */
  return(request: Parameters<typeof ReturnRequest.fromPartial>[0]): Promise<void>;
}

interface BridgeOptions {
  /** `--cache-from`: the builder uses these imports only in solves that repeat them. */
  readonly cacheImports?: readonly CacheOptionsEntry[];
  /** BuildKit uses the standard input and output of a frontend. */
  readonly input?: Readable;
  readonly output?: Writable;
}

export function openBridge({ cacheImports = [], input = pipe(0), output = pipe(1) }: BridgeOptions): Bridge {
  const methods = methodsOf(new Http2Connection(input, output));
  const ping = methods.unary("Ping", PingRequest, PongResponse);
  const inputs = methods.unary("Inputs", InputsRequest, InputsResponse);
  const solve = methods.unary("Solve", SolveRequest, SolveResponse);
  const evaluate = methods.unary("Evaluate", EvaluateRequest, EvaluateResponse);
  const readFile = methods.unary("ReadFile", ReadFileRequest, ReadFileResponse);
  const resolve = methods.unary("ResolveImageConfig", ResolveImageConfigRequest, ResolveImageConfigResponse);
  const warn = methods.unary("Warn", WarnRequest, WarnResponse);
  const finish = methods.unary("Return", ReturnRequest, ReturnResponse);
  return {
    ping: () => ping({}),
    inputs: async () => (await inputs({})).Definitions,
    resolveImageConfig: (request) => resolve(ResolveImageConfigRequest.fromPartial(request)),
    solve: async (request) => {
      const always = { CacheImports: [...cacheImports], allowResultReturn: true, allowResultArrayRef: true };
      const { result } = await solve(SolveRequest.fromPartial({ ...request, ...always }));
      if (!result) throw new LarderError("the builder answered a solve without a result");
      return result;
    },
    evaluate: async (ref) => {
      await evaluate({ Ref: ref });
    },
    readFile: async (ref, path, length) => {
      const Range = length === undefined ? undefined : { Offset: 0, Length: length };
      return (await readFile({ Ref: ref, FilePath: path, Range })).Data;
    },
    containerOutput: (command) => containerOutput(methods, command),
    warn: async (request) => {
      await warn(WarnRequest.fromPartial(request));
    },
    return: async (request) => {
      await finish(ReturnRequest.fromPartial(request));
    },
  };
}

/** A socket like `process.stdin` and `process.stdout`, which need time to find out the type of the file. */
function pipe(fd: 0 | 1): Socket {
  return new Socket({ fd, readable: fd === 0, writable: fd === 1 });
}
