import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { Digest } from "../../image/digest.js";

/** @throws Error that names the blob, if the file does not have this digest. */
export async function verifyBlob(
  path: string,
  expected: { digest: Digest; size?: number },
  what: string,
): Promise<void> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
    size += (chunk as Buffer).length;
  }
  const actual = `sha256:${hash.digest("hex")}`;
  if (actual !== expected.digest || (expected.size !== undefined && size !== expected.size)) {
    throw new Error(
      `${what} ${expected.digest} is corrupt: the registry sent ${size} bytes with the digest ${actual}; push the image again`,
    );
  }
}
