/** CRC-64 of ISO 3309, which tar-split keeps of each file's content, in two halves: numbers of 64 bits are slow here. */
const polynomial = 0xd8000000;
const [high, low] = makeTable();

function makeTable(): readonly [high: Uint32Array, low: Uint32Array] {
  const table = [new Uint32Array(256), new Uint32Array(256)] as const;
  for (let byte = 0; byte < 256; byte++) {
    let [h, l] = [0, byte];
    for (let bit = 0; bit < 8; bit++) {
      const carry = l & 1;
      l = ((l >>> 1) | (h << 31)) >>> 0;
      h = carry ? ((h >>> 1) ^ polynomial) >>> 0 : h >>> 1;
    }
    table[0][byte] = h;
    table[1][byte] = l;
  }
  return table;
}

/** The sum as tar-split writes it: eight bytes in base64. */
export async function crc64(content: AsyncIterable<Buffer>): Promise<string> {
  let [h, l] = [0xffffffff, 0xffffffff];
  for await (const chunk of content) {
    for (let at = 0; at < chunk.length; at++) {
      const index = (l ^ (chunk[at] ?? 0)) & 0xff;
      l = (((l >>> 8) | (h << 24)) ^ (low[index] ?? 0)) >>> 0;
      h = ((h >>> 8) ^ (high[index] ?? 0)) >>> 0;
    }
  }
  const sum = Buffer.alloc(8);
  sum.writeUInt32BE(~h >>> 0, 0);
  sum.writeUInt32BE(~l >>> 0, 4);
  return sum.toString("base64");
}
