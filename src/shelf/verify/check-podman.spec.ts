import assert from "node:assert/strict";
import { onlyAsRoot } from "../../testing.js";
import { MadeSystem, makeLayer, ownPrograms } from "./testing.js";
import { verifyImage } from "./verify.js";

describe("verifyImage: what an image says to Podman", () => {
  let system: MadeSystem;
  before(async function () {
    onlyAsRoot(this);
    system = new MadeSystem();
    const layers = [
      await makeLayer([{ name: "a", content: "a" }]),
      await makeLayer([{ name: ".wh.a" }, { name: "c", content: "cc" }]),
    ];
    await system.preload([system.image("app:1", layers)], ["podman"]);
  });
  after(() => system?.remove());

  const model = "catalog/podman/catalog.json";
  for (const [what, script, expected] of [
    ["another name", `sed -i s/app:1/app:2/ ${model}`, /app:1 is missing, should be sha256:/],
    ["another layer ID", `sed -i 's/"id": "./"id": "x/' ${model}`, /has the ID x\w+, should have \w+/],
    ["another size", `sed -i 's/"size": /"size": 7/' ${model}`, /has size 7\d+, should have \d+/],
    [
      "another document",
      "cd catalog/podman/root/overlay-images/*; echo >>manifest; touch -d @0 manifest .",
      /manifest has the digest sha256:\w+, should have sha256:/,
    ],
    ["no record of an image", "echo '[]' >catalog/podman/images.json", /images\.json has another content/],
    [
      "no deletion",
      "cd catalog/podman; mkdir t; tar -cf whiteouts.tar --mtime=@0 -C t .; rmdir t",
      /whiteouts\.tar lacks \w+\/whiteouts\/diff\/a, which a layer deletes/,
    ],
    ["a file too many", "echo >catalog/podman/root/overlay/more", /overlay\/more is a file of no PRELOAD/],
  ] as const) {
    it(`finds ${what}`, async () => {
      const folder = system.outer.at(-1) ?? "";
      const built = system.buildWith(folder, script, "usr/lib/larder");
      const { faults } = await verifyImage(built, ownPrograms());
      const texts = faults.map(({ path = "", what: text }) => `${path} ${text}`);
      assert.ok(
        texts.some((text) => expected.test(text)),
        texts.join("\n"),
      );
    });
  }
});
