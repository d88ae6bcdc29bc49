import type { Via } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { lab, labImage } from "../harness/lab.js";
import { type OddImage, pushOdd } from "./odd-images.js";
import { assertSentence, refusal } from "./refused.js";
import { FaultyRegistry } from "./registry.js";

const [first, last] = [labImage("busybox:1"), labImage("redis:latest")];

describe("errors: one of several images is at fault", () => {
  after(cleanUp);

  /** Each image is on a line of its own. */
  async function refusedBetween(
    image: string,
    message: RegExp,
    stage = lab.system,
    via: Via = "direct",
  ): Promise<void> {
    const shows = `  ${image} \\`;
    const dockerfile = [`FROM ${stage}`, "PRELOAD \\", `  ${first} \\`, shows, `  ${last}`, ""].join("\n");
    assertSentence(await refusal({ dockerfile, shows, via }), image, message);
  }

  const noImage = /^it is no container image/;
  const noTar = /^its layer sha256:[0-9a-f]{64} is no tar that can be unpacked \(.*\)$/;
  const another =
    /^its layer sha256:[0-9a-f]{64} unpacks to sha256:\S+, not to sha256:\S+: push the image again$/;
  const cases: [what: string, name: OddImage, message: RegExp][] = [
    ["a Helm chart", "chart", noImage],
    ["an artifact with an empty config", "artifact", noImage],
    ["an image whose layer is no tar", "no-tar", noTar],
    ["an image whose layer is another", "another-layer", another],
  ];
  for (const [what, name, message] of cases) {
    it(what, async () => refusedBetween(await pushOdd(name), message));
  }

  for (const name of ["no-tar", "another-layer"] as const) {
    for (const stage of [lab.system, labImage("containerd:latest")]) {
      it(`the same by the daemon of ${stage.replace(/.*\//, "")}: ${name}`, async () => {
        const message = /^(?:the stage's container manager refused it: |its layer )/;
        await refusedBetween(await pushOdd(name), message, stage, "daemon");
      });
    }
  }

  it("an image of schema 1", async () => {
    const registry = await FaultyRegistry.start("schema1");
    await refusedBetween(
      `${registry.address}/old:1`,
      /^its manifest has a format of before 2017 \(schema 1\)/,
    );
  });

  it("on a line of a heredoc, or of a file", async () => {
    const wrong = labImage("busybox:no-such-tag");
    const unknown = /^its registry does not have it/;
    const heredoc = `FROM ${lab.system}\nPRELOAD <<EOF\n${first}\n${wrong}\nEOF\n`;
    assertSentence(await refusal({ dockerfile: heredoc, shows: wrong }), wrong, unknown);
    const shows = "PRELOAD --list=images.txt";
    const files = { "images.txt": `# all\n${first}\n${wrong}\n` };
    const refused = await refusal({ dockerfile: `FROM ${lab.system}\n${shows}\n`, shows, files });
    assertSentence(refused, wrong, unknown, "images.txt:3");
  });

  it("in a list that its daemon refuses", async () => {
    const image = await pushOdd("no-tar");
    const shows = "PRELOAD --list=images.txt";
    const files = { "images.txt": `${first}\n${image}\n${last}\n` };
    const dockerfile = `FROM ${lab.system}\n${shows}\n`;
    const refused = await refusal({ dockerfile, shows, files, via: "daemon" });
    assertSentence(refused, image, /^the stage's container manager refused it: /, "images.txt:2");
  });
});
