import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { skip } from "../../src/testing.js";
import { refusal } from "../errors/refused.js";
import { build } from "../harness/build.js";
import { output } from "../harness/command.js";
import { engineNames, lab, labImage } from "../harness/lab.js";

const plan = ["--build-arg", "LARDER_PLAN=1"];
const foreign = labImage("e2e/from-foreign:1");
const above = `FROM scratch AS empty
CMD ["x"]
FROM --platform=linux/arm64 ${foreign} AS foreign
FROM ${lab.system} AS here
`;

describe("PRELOAD --from= is refused", () => {
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "larder-from-"));
    const args = ["--push", "--platform", "linux/arm64"];
    await build({ larder: false, dockerfile: "FROM scratch\nCOPY Dockerfile /\n", tag: foreign, args });
  });
  after(() => rmSync(folder, { recursive: true }));

  const cases: readonly {
    name: string;
    from: string;
    image?: string;
    message: RegExp;
    args?: readonly string[];
  }[] = [
    {
      name: "a stage below",
      from: "Below",
      message: /^PRELOAD: --from="Below": the stage begins on line 7, at or below this one; move it above$/,
    },
    { name: "the stage itself", from: "here", message: /the stage begins on line 5, at or below this one/ },
    {
      name: "the number of a stage below",
      from: "3",
      message: /the stage begins on line 7, at or below this one/,
    },
    {
      name: "a number that no stage has",
      from: "17",
      message: /^PRELOAD: --from="17": the file has 5 stages, numbered from 0; name the stage$/,
    },
    {
      name: "a stage without a file",
      from: "empty",
      message: /^PRELOAD: --from="empty": the stage is empty \(FROM scratch\), .*; COPY something into it$/,
    },
    {
      name: "a stage for another platform",
      from: "foreign",
      message:
        /^PRELOAD: --from="foreign": it is for linux\/arm64, not for linux\/amd64; .* PRELOAD --platform=linux\/arm64$/,
    },
    {
      name: "a name that there is not",
      from: labImage("no/such"),
      message:
        /its registry does not have it; .*; no stage above and no --build-context has this name either$/,
    },
    {
      name: "what can be no name of an image either",
      from: "No_such",
      message:
        /^PRELOAD: --from="No_such": no stage above, no --build-context and no image has this name \(.*lowercase\)$/,
    },
    { name: "no image", from: "empty", image: "", message: /^PRELOAD: no image is named/ },
    {
      name: "a context that is a folder",
      from: "context",
      args: ["--build-context", `context=${tmpdir()}`],
      message:
        /^PRELOAD: --from="context": the context is a folder of files and no image; give it an OCI layout, docker-image:\/\/ or target:/,
    },
    {
      name: "a context whose image is not there",
      from: "context",
      args: ["--build-context", `context=docker-image://${labImage("no/such:1")}`],
      message: /^PRELOAD: image ".*no\/such:1": its registry does not have it; check the name and the tag$/,
    },
  ];
  for (const { name, from, image = "example.com/x:1", message, args = [] } of cases) {
    it(name, async () => {
      const shows = `PRELOAD --from=${from} ${image}`.trim();
      const dockerfile = `${above}${shows}\nFROM ${lab.system} AS below\nFROM here\n`;
      const refused = await refusal({ dockerfile, shows, args: [...plan, ...args] });
      assert.match(refused.message, message);
    });
  }

  it("a layout, by a builder that cannot read it", async function () {
    if (!engineNames.includes("graph")) skip(this, "there is no engine with a graph driver");
    const layout = `oci:${folder}/layout:1`;
    const source = `docker://${labImage("busybox:1")}`;
    await output(lab.skopeo, ["--insecure-policy", "copy", "--src-tls-verify=false", source, layout]);
    const shows = "PRELOAD --from=inner example.com/x:1";
    const { message } = await refusal({
      engine: "graph",
      dockerfile: `FROM ${lab.system}\n${shows}\n`,
      shows,
      args: ["--build-context", `inner=oci-layout://${folder}/layout:1`],
    });
    assert.match(
      message,
      /^PRELOAD: --from="inner": this builder cannot read oci-layout:\/\/, .*; push the image/,
    );
  });
});
