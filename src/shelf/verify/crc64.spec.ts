import assert from "node:assert/strict";
import { chunksOf } from "../../testing.js";
import { crc64 } from "./crc64.js";

describe("crc64", () => {
  it("is that of Go's hash/crc64 with the table ISO", async () => {
    // The check value of CRC-64/GO-ISO.
    const expected = Buffer.from("b90956c775a41001", "hex").toString("base64");
    assert.equal(await crc64(chunksOf(Buffer.from("123456789"), 4)), expected);
    assert.equal(await crc64(chunksOf(Buffer.alloc(0))), "AAAAAAAAAAA=");
  });
});
