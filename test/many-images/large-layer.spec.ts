import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

const files = 600_000;
const filesInDirectory = 1000;
/** The names of all files of the layer, or the text of its record, would need several times as much. */
const heapMegabytes = 40;

/** A tar header in base64. Docker keeps one for each entry. */
const header = Buffer.alloc(512, "header").toString("base64");

function* tarSplit(): Generator<string> {
  const entry = (name: string): string =>
    `{"type":2,"payload":"${header}","position":0}\n{"type":1,"name":"${name}","payload":"","position":1}\n`;
  for (let d = 0; d < files / filesInDirectory; d++) {
    const directory = `packages-${d}/`;
    let chunk = entry(directory);
    for (let i = 0; i < filesInDirectory; i++)
      chunk += entry(`${directory}a-name-that-modules-have/file-${i}.js`);
    yield `${chunk}${entry(`${directory}.wh.gone`)}`;
  }
}

describe(`a layer of ${files} files`, () => {
  let work = "";
  before(() => {
    work = mkdtempSync(`${tmpdir()}/larder-large-layer-`);
  });
  after(() => rmSync(work, { recursive: true }));

  it(`is read in a heap of ${heapMegabytes} MB`, async function () {
    this.timeout(120_000);
    this.slow(10_000);
    const file = `${work}/tar-split.json.gz`;
    await pipeline(Readable.from(tarSplit()), createGzip({ level: 1 }), createWriteStream(file));
    const program = `
      import { readTarSplit } from ${JSON.stringify(new URL("../../src/stores/overlay2/tar-split.ts", import.meta.url).href)};
      const { whiteouts, implied } = await readTarSplit(${JSON.stringify(file)});
      console.log(whiteouts.length, implied.length, implied[0], process.resourceUsage().maxRSS);
    `;
    const limits = [`--max-old-space-size=${heapMegabytes}`, "--import=tsx", "--input-type=module"];
    const said = execFileSync(process.execPath, [...limits, "--eval", program], { encoding: "utf8" });
    const [whiteouts, implied, first, kilobytes] = said.trim().split(" ");
    const directories = String(files / filesInDirectory);
    assert.deepEqual([whiteouts, implied], [directories, directories]);
    assert.equal(first, "packages-0/a-name-that-modules-have");
    // The limit of the heap does not include buffers.
    assert.ok(Number(kilobytes) < 300_000, `it took ${kilobytes} KB`);
  });
});
