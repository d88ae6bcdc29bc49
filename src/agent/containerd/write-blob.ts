import type { ClientDuplexStream } from "@grpc/grpc-js";
import { WriteAction, WriteContentRequest, type WriteContentResponse } from "../../gen/containerd/content.js";
import type { Digest } from "../../image/digest.js";
import type { Labels } from "../../stores/containerd/labels.js";

/** A message may have 16 MiB at most. */
const pieceBytes = 4 << 20;

export interface Blob {
  readonly digest: Digest;
  readonly size: number;
  readonly labels: Labels;
}

type WriteStream = ClientDuplexStream<WriteContentRequest, WriteContentResponse>;

/**
 * Puts a blob into the content store. `Write` gives one answer to each request.
 * @param data Called only if the store does not have the bytes yet.
 * @throws ServiceError with the code ALREADY_EXISTS if the namespace has the blob.
 */
export async function writeBlob(
  stream: WriteStream,
  blob: Blob,
  data: () => AsyncIterable<Buffer>,
): Promise<void> {
  const answers = (stream as AsyncIterable<WriteContentResponse>)[Symbol.asyncIterator]();
  const ask = async (request: Parameters<typeof WriteContentRequest.fromPartial>[0]): Promise<number> => {
    stream.write(WriteContentRequest.fromPartial(request));
    const { value, done } = await answers.next();
    if (done) throw new Error(`containerd broke off the writing of ${blob.digest}`);
    return (value as WriteContentResponse).offset;
  };
  const { digest: expected, size: total, labels } = blob;
  // If the blob's file exists already, containerd only adds it to the namespace, and the offset is the blob's size.
  let offset = await ask({ action: WriteAction.STAT, ref: `larder-${expected}`, total, expected });
  if (offset < total) {
    for await (const chunk of data()) {
      for (let start = 0; start < chunk.length; start += pieceBytes) {
        const piece = chunk.subarray(start, start + pieceBytes);
        offset = await ask({ action: WriteAction.WRITE, data: piece, offset, total, expected });
      }
    }
  }
  await ask({ action: WriteAction.COMMIT, offset, total, expected, labels: { ...labels } });
  stream.end();
}
