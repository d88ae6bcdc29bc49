import assert from "node:assert/strict";
import { LarderError } from "../../error.js";
import { type ComposeImages, imagesOfCompose } from "./compose.js";

const lines = { start: 2, end: 2 };
const read = async (text: string, escapeToken = "\\"): Promise<ComposeImages> =>
  imagesOfCompose("compose.yaml", text, { escapeToken, lines });

describe("images of a Compose file", () => {
  const cases: [name: string, text: string, words: string[], built: string[]][] = [
    [
      "of every service",
      "services:\n  a: {image: redis:7}\n  b:\n    image: 'nginx'\n",
      ['"redis:7"', '"nginx"'],
      [],
    ],
    ["with variables", `services: {a: {image: 'x:\${TAG:-7}'}}`, [`"x:\${TAG:-7}"`], []],
    ["with a dollar", "services: {a: {image: 'x:$$y'}}", ['"x:\\$y"'], []],
    ["with quotes and backslashes", "services: {a: {image: 'x\"\\y'}}", ['"x\\"\\\\y"'], []],
    [
      "with anchors and merge keys",
      "x-base: &base {image: 'redis:7', restart: always}\nservices:\n  a: {<<: *base}\n  b: {<<: *base, image: 'nginx:1'}\n",
      ['"redis:7"', '"nginx:1"'],
      [],
    ],
    ["but for those that are built", "services: {a: {build: .}, b: {image: x, build: .}}", ['"x"'], ["a"]],
  ];
  for (const [name, text, words, built] of cases) {
    it(name, async () => assert.deepEqual(await read(text), { words, built }));
  }

  it("with the escape token of the file", async () => {
    assert.deepEqual((await read("services: {a: {image: 'x\\`$$y'}}", "`")).words, ['"x\\```$y"']);
  });

  const faults: [name: string, text: string, message: RegExp][] = [
    ["no YAML", "services: [", /^PRELOAD: --compose="compose\.yaml": it is not YAML: \S.*$/],
    ["nothing", "", /: it has no services; write services: with an image: for each$/],
    ["no services", "version: '3'", /: it has no services; /],
    ["a list of services", "services: [a]", /: it has no services; /],
    [
      "neither image nor build",
      "services: {web: {restart: always}}",
      /: service "web" has no image; write image: below it$/,
    ],
    ["a service of nothing", "services: {web: }", /: service "web" has no image; /],
    ["an image that is no text", "services: {web: {image: 7}}", /: service "web" has no image; /],
  ];
  for (const [name, text, message] of faults) {
    it(`refuses ${name}`, () =>
      assert.rejects(read(text), (error) => {
        assert.ok(error instanceof LarderError);
        assert.match(error.message, message);
        assert.deepEqual(error.lines, lines);
        return true;
      }));
  }
});
