const newline = 0x0a;

/**
 * Calls back for each line of a stream, as bytes without the newline; an empty last line does not count. A generator
 * would wait for each of a million lines, so this is none.
 * @param end The byte that ends a line.
 */
export async function forEachLine(
  source: AsyncIterable<Uint8Array>,
  onLine: (line: Buffer) => void,
  end = newline,
): Promise<void> {
  let rest: Buffer[] = [];
  for await (const bytes of source) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let start = 0;
    for (let at = chunk.indexOf(end); at >= 0; at = chunk.indexOf(end, start)) {
      const line = chunk.subarray(start, at);
      onLine(rest.length > 0 ? Buffer.concat([...rest, line]) : line);
      rest = [];
      start = at + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
  if (rest.length > 0) onLine(Buffer.concat(rest));
}
