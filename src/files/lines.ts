/**
 * Calls back for each line of a stream, as bytes without the newline; an empty last line does not count. A generator
 * would wait for each of a million lines, so this is none.
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
