import assert from "node:assert/strict";
import { LarderError } from "../error.js";
import { Definition } from "../gen/ops.js";
import type { Detail } from "../gen/status.js";
import { withExcerpt } from "../upstream/excerpt.js";

const typed = (name: string, value: unknown): Detail => ({
  type_url: `github.com/moby/buildkit/errdefs.${name}+json`,
  value: Buffer.from(JSON.stringify(value)),
});
const values = ({ details }: LarderError): unknown[] =>
  details.map(({ value }) => JSON.parse(value.toString("utf8")));

const definition = Definition.fromPartial({
  def: [Buffer.from("op")],
  metadata: { "sha256:d": { ignore_cache: true, caps: { "source.local": true } } },
});
const dockerfile = { filename: "sub/Dockerfile", text: "FROM a\nPRELOAD b\nRUN »\n", definition };
const info = {
  filename: "sub/Dockerfile",
  data: Buffer.from(dockerfile.text).toString("base64"),
  definition: {
    def: [Buffer.from("op").toString("base64")],
    metadata: { "sha256:d": { ignore_cache: true, caps: { "source.local": true } } },
  },
  language: "Dockerfile",
};
const line = (number: number) => ({ start: { line: number }, end: { line: number } });

describe("withExcerpt", () => {
  it("shows the lines of an error of Larder's own, one range a line, first of all details", () => {
    const other = typed("Vertex", { digest: "d" });
    const error = new LarderError("m", { code: 5, lines: { start: 2, end: 3 }, details: [other] });
    const shown = withExcerpt(error, dockerfile);
    assert.deepEqual([shown.message, shown.code], ["m", 5]);
    assert.deepEqual(values(shown), [{ info, ranges: [line(2), line(3)] }, { digest: "d" }]);
  });

  it("shows the user's text in place of the text that upstream was given", () => {
    const given = { ...info, data: Buffer.from("FROM a\n\nRUN »\n").toString("base64"), definition: {} };
    const error = new LarderError("m", {
      lines: { start: 1, end: 1 },
      details: [typed("Source", { info: given, ranges: [line(3)] })],
    });
    assert.deepEqual(values(withExcerpt(error, dockerfile)), [{ info, ranges: [line(3)] }]);
  });

  it("leaves excerpts of other files alone", () => {
    const source = { info: { ...info, filename: "docker-bake.hcl" }, ranges: [line(1)] };
    const error = new LarderError("m", { lines: { start: 1, end: 1 }, details: [typed("Source", source)] });
    assert.deepEqual(values(withExcerpt(error, dockerfile)), [source]);
  });

  it("shows nothing for an error without a place, not even where Larder was called", () => {
    assert.deepEqual(values(withExcerpt(new LarderError("m"), dockerfile)), [{}]);
  });

  it("restores the order that the excerpts had before this frontend", () => {
    const excerpts = [1, 2].map((number) => typed("Source", { info, ranges: [line(number)] }));
    const error = new LarderError("m", { details: excerpts });
    assert.deepEqual(values(withExcerpt(error, dockerfile)), [
      { info, ranges: [line(2)] },
      { info, ranges: [line(1)] },
    ]);
  });
});
