import assert from "node:assert/strict";
import { refusal } from "../errors/refused.js";
import { type RawConfig, registryConfig, withoutDigests, withoutTimes } from "../from/fixture.js";
import { build, failingBuild } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { lab, labImage } from "../harness/lab.js";
import { buildPlan } from "../harness/plan.js";
import { SystemContainer } from "../harness/system-container.js";

const busybox = labImage("busybox:1");
const pause = labImage("pause:3");
const base = labImage("e2e/onbuild-base:1");
const child = labImage("e2e/onbuild-child:1");
const triggers = [
  `ARG IMAGE=${busybox}`,
  "ENV FIRED=yes",
  'RUN echo "before $IMAGE" >/before',
  "COPY note /note",
  "PRELOAD $IMAGE",
  'RUN echo "after $IMAGE $FIRED" >/after',
  'CMD ["sleep", "infinity"]',
];
const own = [
  'RUN echo "own $IMAGE $FIRED" >/own',
  `PRELOAD ${pause}`,
  'RUN echo "below $IMAGE" >/below',
  "LABEL below=1",
  "",
];
const onbuild = (instructions: readonly string[]): string[] => instructions.map((line) => `ONBUILD ${line}`);
const lines = (...all: readonly string[]): string => `${all.join("\n")}\n`;
const files = { note: "a note\n" };

async function pushBase(tag: string, instructions: readonly string[]): Promise<void> {
  await build({ dockerfile: lines(`FROM ${lab.system}`, ...onbuild(instructions)), tag, args: ["--push"] });
}

describe("ONBUILD PRELOAD", () => {
  before(() => pushBase(base, triggers));
  after(cleanUp);

  it("is recorded in the image, as written", async () => {
    assert.deepEqual((await registryConfig(base)).config.OnBuild, triggers);
  });

  it("is an error if upstream fires it", async () => {
    const log = await failingBuild({ larder: false, dockerfile: `FROM ${base}\n`, files });
    assert.match(log, /unknown instruction: PRELOAD/);
  });

  describe("of the image in a FROM", () => {
    let container: SystemContainer;
    before(async () => {
      await build({ dockerfile: lines(`FROM ${base}`, ...own), tag: child, files, args: ["--push"] });
      container = await SystemContainer.start(child);
    });

    it("gives the same result as the written instructions", async () => {
      const written = labImage("e2e/onbuild-written:1");
      const dockerfile = lines(`FROM ${lab.system}`, ...triggers, ...own);
      await build({ dockerfile, tag: written, files, args: ["--push"] });
      const [fired, expected] = await Promise.all([registryConfig(child), registryConfig(written)]);
      // Each base was built separately, so the times of the steps differ.
      const plain = (image: RawConfig): unknown => withoutTimes(withoutDigests(image));
      assert.deepEqual(plain(fired), plain(expected));
      const inner = ({ history }: RawConfig) => history.filter(({ comment }) => comment === "larder").length;
      assert.ok(inner(fired) >= 4, "the history has the inner layers and the catalogs");
    });

    it("fires all triggers in their order, and then the stage's own instructions", async () => {
      const names = (await container.inner("images", "--format", "{{.Repository}}:{{.Tag}}"))
        .trim()
        .split("\n");
      assert.deepEqual(names.sort(), [busybox, pause]);
      assert.equal(
        await container.exec("cat", "/before", "/note", "/after", "/own", "/below"),
        `before ${busybox}\na note\nafter ${busybox} yes\nown ${busybox} yes\nbelow ${busybox}\n`,
      );
    });

    it("fires only once: nothing fires in builds FROM the result", async () => {
      assert.equal((await registryConfig(child)).config.OnBuild, undefined);
      const { log } = await buildPlan({ dockerfile: `FROM ${child}\nPRELOAD ${busybox}\n` });
      assert.doesNotMatch(log, /ONBUILD/);
    });
  });

  async function imagesOf(
    dockerfile: string,
    args: readonly string[] = [],
  ): Promise<[string, ...string[]][]> {
    const { plan } = await buildPlan({ dockerfile, files, args });
    return plan.cuts.map(({ stage, images }) => [stage, ...images.map(({ name }) => name)]);
  }

  it("takes build arguments", async () => {
    const args = ["--build-arg", `IMAGE=${pause}`];
    assert.deepEqual(await imagesOf(`FROM ${base}\n`, args), [["stage-0", pause]]);
  });

  it("fires for a context that replaces a base", async () => {
    const args = ["--build-context", `base=docker-image://${base}`];
    assert.deepEqual(await imagesOf(lines("FROM base AS app", ...own), args), [
      ["app", busybox],
      ["app", pause],
    ]);
  });

  it("fires in stages FROM a stage of the file, once in each", async () => {
    const dockerfile = lines(
      `FROM ${lab.system} AS base`,
      ...onbuild(triggers),
      "FROM base AS one",
      `PRELOAD ${pause}`,
      "FROM base AS two",
      "FROM one",
      "COPY --from=two /after /two",
    );
    assert.deepEqual(await imagesOf(dockerfile), [
      ["one", busybox],
      ["one", pause],
      ["two", busybox],
    ]);
  });

  it("is not looked for if no stage needs the image", async () => {
    assert.deepEqual(
      await imagesOf(lines(`FROM ${base} AS unneeded`, `FROM ${lab.system}`, `PRELOAD ${pause}`)),
      [["stage-1", pause]],
    );
  });

  const wrong: readonly [name: string, triggers: readonly string[], message: RegExp][] = [
    [
      "an image that there is not",
      [`PRELOAD ${labImage("no/such:1")}`],
      /^ONBUILD of ".*": PRELOAD: image ".*\/no\/such:1": its registry does not have it; check the name and the tag$/,
    ],
    [
      "a flag that there is not",
      ["PRELOAD --lst=x"],
      /^ONBUILD of ".*": PRELOAD: unknown flag "--lst"; did you mean/,
    ],
    [
      "a RUN above that fails",
      ["RUN echo failing; exit 7", `PRELOAD ${busybox}`],
      /^ONBUILD of ".*": process "\/bin\/sh -c echo failing; exit 7" did not complete successfully: exit code: 7$/,
    ],
    [
      "a RUN below that fails",
      [`PRELOAD ${busybox}`, "RUN echo failing; exit 7"],
      /process "\/bin\/sh -c echo failing; exit 7" did not complete successfully: exit code: 7$/,
    ],
  ];
  for (const [name, instructions, message] of wrong) {
    it(`shows the FROM that fires it: ${name}`, async () => {
      const tag = labImage(`e2e/onbuild-wrong:${instructions.length}-${name.length}`);
      await pushBase(tag, instructions);
      const shows = `FROM ${tag}`;
      const refused = await refusal({ dockerfile: lines("# a base", shows, "RUN true"), shows });
      assert.match(refused.message, message);
    });
  }
});
