import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import { formatPage } from "../../../src/cli/page/page.js";
import { evaluate, needsBrowser, takeScreenshot } from "./browser.js";
import { pageImages } from "./images.js";

const page = formatPage(pageImages);

/**
 * Fonts differ between machines, and so do the shapes and the widths of letters. So letters are left out of the
 * picture, and each line has one height: what remains are the boxes, bars, patterns and colours, at their places. The
 * specs of src/cli compare the texts.
 */
const withoutLetters = page.replace(
  "</style>",
  "body, body * { font-size: 0 !important; line-height: 24px !important; } </style>",
);

/** Of all pixels: edges of patterns are not drawn alike by all versions of a browser. */
const tolerance = 0.005;

const wide = { width: 1280, height: 800 };
const windows = {
  "wide-light": { width: 1280, height: 1500 },
  "wide-dark": { width: 1280, height: 1500, dark: true },
  "phone-light": { width: 390, height: 2400 },
};

describe("larder inspect --html in a browser", function () {
  this.timeout(120_000);
  before(function () {
    needsBrowser(this);
  });

  for (const [name, window] of Object.entries(windows)) {
    it(`draws the layers as in ${name}.png`, async () => {
      const file = new URL(`${name}.png`, import.meta.url);
      const shot = await takeScreenshot(withoutLetters, window);
      if (process.env.UPDATE_GOLDEN) writeFileSync(file, PNG.sync.write(shot));
      assert.ok(existsSync(file), `${name}.png does not exist: run the test with UPDATE_GOLDEN=1`);
      const expected = PNG.sync.read(readFileSync(file));
      assert.deepEqual([shot.width, shot.height], [expected.width, expected.height]);
      const differing = pixelmatch(shot.data, expected.data, undefined, shot.width, shot.height, {
        threshold: 0.1,
      });
      const share = differing / (shot.width * shot.height);
      assert.ok(share <= tolerance, `${(share * 100).toFixed(2)} % of the pixels differ from ${name}.png`);
    });
  }

  it("has no text or bar outside a phone's window, however narrow", async () => {
    const { width, outside } = await evaluate<{ width: number; outside: string[] }>(
      page,
      { width: 320, height: 800 },
      `const end = document.documentElement.clientWidth + 0.5;
       const outside = [...document.querySelectorAll("body *")]
         .filter((one) => one.getBoundingClientRect().right > end)
         .map((one) => one.tagName + "." + one.className);
       return { width: document.defaultView.innerWidth, outside };`,
    );
    assert.equal(width, 320);
    assert.deepEqual(outside, []);
  });

  it("draws sizes to scale, the layers and the inner images on one scale", async () => {
    const [track = 0, layer = 0, inner = 0] = await evaluate<number[]>(
      page,
      wide,
      `return ["ol .track", "ol .shared", ".card .shared"]
         .map((one) => document.querySelector(one).getBoundingClientRect().width);`,
    );
    assert.ok(Math.abs(layer - inner) < 1, `${layer} and ${inner} pixels for the same layer`);
    assert.ok(Math.abs(layer / track - 31_414_326 / 104_502_063) < 0.005, `${layer} of ${track} pixels`);
  });

  it("tells kinds of layers apart without colours", async () => {
    const grey = page.replace("</style>", "html { filter: grayscale(1); }</style>");
    const boxes = await evaluate<{ x: number; y: number }[]>(
      page,
      wide,
      `return [...document.querySelectorAll(".legend .bar")].map((one) => {
         const { x, y } = one.getBoundingClientRect();
         return { x: Math.ceil(x), y: Math.ceil(y) };
       });`,
    );
    assert.equal(boxes.length, 5);
    const shot = await takeScreenshot(grey, wide);
    const swatches = boxes.map(({ x, y }) => cut(shot, x, y, 28, 12));
    for (const [index, one] of swatches.entries()) {
      for (const other of swatches.slice(index + 1)) {
        const differing = pixelmatch(one.data, other.data, undefined, 28, 12, {
          threshold: 0.2,
          includeAA: true,
        });
        assert.ok(differing > 0.1 * 28 * 12, `two kinds differ in ${differing} of ${28 * 12} pixels only`);
      }
    }
  });
});

function cut(shot: PNG, x: number, y: number, width: number, height: number): PNG {
  const part = new PNG({ width, height });
  PNG.bitblt(shot, part, x, y, width, height, 0, 0);
  return part;
}
