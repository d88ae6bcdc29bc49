/**
 * Hands on the lines of a stream as bytes, without their newlines; an empty last one is none. Not a generator, since a
 * stream has a million lines here, and each would be waited for.
 */
export async function forEachLine(
  source: AsyncIterable<Uint8Array>,
  onLine: (line: Buffer) => void,
): Promise<void> {
  let rest: Buffer[] = [];
  for await (const bytes of source) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const line = chunk.subarray(start, end);
      onLine(rest.length > 0 ? Buffer.concat([...rest, line]) : line);
      rest = [];
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
  if (rest.length > 0) onLine(Buffer.concat(rest));
}

const newline = 0x0a;
