import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { docker, type EngineOptions } from "../harness/docker.js";
import { lab, labImage } from "../harness/lab.js";
import { PrivateEngine } from "../harness/private-engine.js";
import { assertSentence, refusal } from "./refused.js";

const megabyte = 1_000_000;
/** The inner image's bytes, which cannot be compressed. */
const imageSize = 80 * megabyte;

describe("errors: a full disk", () => {
  const image = labImage("e2e/errors-random:1");
  const shows = `PRELOAD ${image}`;
  let engine: NonNullable<EngineOptions["engine"]>;

  before(async () => {
    const random = `FROM ${labImage("busybox:1")}\nRUN head -c ${imageSize} /dev/urandom >/random\n`;
    engine = (await PrivateEngine.start("e2e-full", "--size", "1600m")).host;
    await build({ larder: false, dockerfile: random, tag: image, args: ["--push"] });
    // Everything that the builds below need, except for their own image. A prune would take the image of the steps.
    await docker(["pull", "--quiet", `${lab.registry}/larder/dockerfile:steps`], { engine });
    await build({
      engine,
      dockerfile: `FROM ${lab.system}\nPRELOAD ${labImage("busybox:1")}\n`,
      tag: "warm:1",
      via: "daemon",
    });
  });
  after(cleanUp);

  /** Fills the engine's disk until this many bytes are left. */
  async function leave(bytes: number): Promise<void> {
    const script = `rm -f /fill/file
      free=$(df --block-size=1 --output=avail /fill | tail -n 1)
      fallocate --length $((free - ${bytes})) /fill/file`;
    const container = ["run", "--rm", "--network", "none", "--volume", "fill:/fill", "--entrypoint", "sh"];
    await docker([...container, "warm:1", "-c", script], { engine });
  }

  const blobs = /^no space left on device for the image's blobs: make room where BuildKit keeps its state/;
  const stock =
    /^no space left on device: the images are 8\d\.\d MB compressed, and the step needs about \S+ times that/;
  const cases = [
    { room: 0.5, message: blobs },
    // The daemon cannot even start, and the step's report can hardly be read.
    { room: 1.02, message: /^no space left on device: / },
    { room: 1.05, message: stock },
    // Its load breaks off, early and late.
    { room: 1.5, message: stock },
    { room: 2.5, message: stock },
  ] as const;
  for (const { room, message } of cases) {
    it(`with room for ${room} times the image`, async () => {
      await docker(["builder", "prune", "--force"], { engine });
      await leave(room * imageSize);
      const dockerfile = `FROM ${lab.system}\n${shows}\n`;
      assertSentence(await refusal({ engine, dockerfile, shows, via: "daemon" }), image, message);
    });
  }
});
