const newline = 0x0a;

/**
 * Calls back for each line of a stream, as bytes without the newline; an empty last line does not count.
 * @param end The byte that ends a line.
 */
export async function forEachLine(
  source: AsyncIterable<Uint8Array>,
  onLine: (line: Buffer) => void,
  end = newline,
): Promise<void> {
  for await (const lines of batchesOfLines(source, end)) for (const line of lines) onLine(line);
}

/** The lines that each chunk of a stream ends. A generator of lines would wait for each of a million of them. */
export async function* batchesOfLines(
  source: AsyncIterable<Uint8Array>,
  end = newline,
): AsyncGenerator<readonly Buffer[]> {
  let rest: Buffer[] = [];
  for await (const bytes of source) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const lines: Buffer[] = [];
    let start = 0;
    for (let at = chunk.indexOf(end); at >= 0; at = chunk.indexOf(end, start)) {
      const line = chunk.subarray(start, at);
      lines.push(rest.length > 0 ? Buffer.concat([...rest, line]) : line);
      rest = [];
      start = at + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
    yield lines;
  }
  if (rest.length > 0) yield [Buffer.concat(rest)];
}
