import assert from "node:assert/strict";
import { describeSystemImage } from "../report/system-image.js";
import { fakeOuter, fakeShelved, filesOf } from "../report/testing.js";
import { formatPage } from "./page.js";
import { chooseScale, widthOf } from "./scale.js";

const layers = [
  { word: "base", compressed: 400 },
  { word: "a", history: filesOf("redis:7", 1, 2, "a"), compressed: 300 },
  { word: "b", history: filesOf("redis:7", 2, 2, "b"), compressed: 200 },
  { word: "c", history: "PRELOAD redis:7, catalog", compressed: 1 },
];
const facts = { images: [fakeShelved("redis:7", ["a", "b"])], sizes: new Map() };
const image = (name: string) => describeSystemImage(fakeOuter(name, "archive", layers), facts);

describe("the page of larder inspect", () => {
  const name = `./<b onclick="x">&'.tar`;
  const page = formatPage([image(name), image("other")]);

  it("has no word of an image as markup", () => {
    assert.ok(!page.includes("<b onclick"));
    assert.ok(page.includes("<h2>./&#60;b onclick=&#34;x&#34;&#62;&#38;&#39;.tar</h2>"));
  });

  it("loads nothing, and runs nothing", () => {
    assert.doesNotMatch(page, /<script|<link|<img|\b(src|href)=|url\(|@import/);
    assert.match(page, /Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/);
  });

  it("has all layers, the highest first, and says in which other image each is", () => {
    const held = [...page.matchAll(/<b>(\d)<\/b> ([^<]*) <code>/g)].map(([, number, text]) => [number, text]);
    assert.deepEqual(held.slice(0, 4), [
      ["4", "catalog"],
      ["3", "redis:7 2/2"],
      ["2", "redis:7 1/2"],
      ["1", "the stage&#39;s own"],
    ]);
    assert.equal(page.match(/also in other/g)?.length, 4);
  });

  it("has room for the largest inner image on its scale", () => {
    assert.deepEqual(chooseScale([image("x")]), { unit: "compressed", widest: 500 });
    assert.equal(widthOf(300, 500), "60%");
    assert.ok(page.includes("the layers 2, 3"));
  });
});
