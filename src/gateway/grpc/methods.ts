import type { Http2Connection } from "../http2/connection.js";
import { type Answer, type Call, startCall, unaryCall } from "./call.js";

/** A message type in the output of ts-proto. */
interface MessageType<Message> {
  encode(message: Message): { finish(): Uint8Array };
  decode(bytes: Uint8Array): Message;
}

/** The methods of the service LLBBridge, by their names in BuildKit's gateway.proto. */
export interface Methods {
  unary<Request, Response>(
    name: string,
    requestType: MessageType<Request>,
    responseType: MessageType<Response>,
  ): (request: Request) => Promise<Response>;
  stream(name: string, answer: Answer): Call;
}

export function methodsOf(connection: Http2Connection): Methods {
  const path = (name: string): string => `/moby.buildkit.v1.frontend.LLBBridge/${name}`;
  return {
    unary: (name, requestType, responseType) => async (request) =>
      responseType.decode(await unaryCall(connection, path(name), requestType.encode(request).finish())),
    stream: (name, answer) => startCall(connection, path(name), answer),
  };
}
