import assert from "node:assert/strict";
import fc from "fast-check";
import hpack from "hpack.js";
import { decodeFields, encodeFields, type Fields } from "./hpack.js";

/** Encodes as a peer must that has no dynamic table. */
function compress(fields: Fields, huffman: boolean): Buffer {
  const compressor = hpack.compressor.create({ table: { size: 0 } });
  compressor.write([...fields].map(([name, value]) => ({ name, value, huffman, incremental: false })));
  return compressor.read() ?? Buffer.alloc(0);
}

function decompress(block: Buffer): Fields {
  const decompressor = hpack.decompressor.create({ table: { size: 0 } });
  decompressor.write(block);
  decompressor.execute();
  const fields = new Map<string, string>();
  for (let field = decompressor.read(); field; field = decompressor.read())
    fields.set(field.name, field.value);
  return fields;
}

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array).toString("latin1"));
const name = fc.oneof(
  fc.constantFrom(":status", "content-type", "www-authenticate", "grpc-message"),
  // The other implementation uses an object as a map of names.
  fc.stringMatching(/^[a-z-]+$/).filter((name) => !(name in {})),
);
const anyFields = fc
  .array(fc.tuple(name, fc.oneof(bytes, fc.constantFrom("", "200", "404"))), { maxLength: 8 })
  .map((pairs): Fields => new Map(pairs));

describe("decodeFields", () => {
  it("reads the output of another implementation, with Huffman's code and without", () => {
    fc.assert(
      fc.property(anyFields, fc.boolean(), (fields, huffman) => {
        assert.deepEqual(decodeFields(compress(fields, huffman)), fields);
      }),
    );
  });

  it("reads values of any length", () => {
    const fields = new Map([["grpc-status-details-bin", "aZ09+/".repeat(100_000)]]);
    for (const huffman of [true, false]) assert.deepEqual(decodeFields(compress(fields, huffman)), fields);
  });

  /** RFC 7541, appendix C.6.1. */
  it("reads the RFC's example, whose fields ask for a table", () => {
    const block =
      "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3";
    assert.deepEqual(
      [...decodeFields(Buffer.from(block, "hex"))],
      [
        [":status", "302"],
        ["cache-control", "private"],
        ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
        ["location", "https://www.example.com"],
      ],
    );
  });

  it("reads a table size of 0, which a peer may confirm", () => {
    assert.deepEqual([...decodeFields(Buffer.from("2088", "hex"))], [[":status", "200"]]);
  });

  const wrong: [what: string, hex: string, message: RegExp][] = [
    ["a table that was forbidden", "3fe11f", /dynamic table/],
    ["an entry of such a table", "be", /no entry 62/],
    ["entry 0", "80", /no entry 0/],
    ["a string that ends too early", "00036161", /longer than its header block/],
    ["an integer that ends too early", "ff", /range|bounds/],
    ["padding that is no ones", "0001618118", /Huffman/],
    ["a whole byte of padding", "00016183f8ffff", /Huffman/],
    ["the code that marks the end", "00016184ffffffff", /Huffman/],
  ];
  for (const [what, hex, message] of wrong) {
    it(`refuses ${what}`, () => {
      assert.throws(() => decodeFields(Buffer.from(hex, "hex")), { message });
    });
  }
});

describe("encodeFields", () => {
  it("writes fields that another implementation reads", () => {
    fc.assert(fc.property(anyFields, (fields) => assert.deepEqual(decompress(encodeFields(fields)), fields)));
    const long = new Map([["x", "y".repeat(70_000)]]);
    assert.deepEqual(decompress(encodeFields(long)), long);
  });
});
