import assert from "node:assert/strict";
import { LarderError } from "../../error.js";
import type { LayoutImage } from "../layout-image.js";
import { StepError } from "../step-error.js";
import { type AskedDaemon, explainRefusal, failureSentence } from "./explain.js";

const images: readonly LayoutImage[] = [];

function daemon(log: readonly string[] = [], end?: string): AskedDaemon {
  return { log, ending: async () => end };
}

/** The sentence and the number of its image. */
async function explain(error: unknown, asked = daemon()): Promise<[string, number | undefined]> {
  const explained = await explainRefusal(error, asked, images);
  return [explained.message, explained instanceof StepError ? explained.facts.image : undefined];
}

describe("explainRefusal", () => {
  const about = (cause: Error): StepError => new StepError(cause.message, { image: 1 }, cause);

  it("is about the image that was offered, in one line", async () => {
    assert.deepEqual(await explain(about(new Error("invalid tar header\n  at 5\n"))), [
      "the stage's container manager refused it: invalid tar header: at 5",
      1,
    ]);
    assert.deepEqual(await explain(new Error("no")), [
      "the stage's container manager refused the images: no",
      undefined,
    ]);
  });

  it("keeps Larder's own errors", async () => {
    assert.deepEqual(await explain(about(new LarderError("its layer is encrypted"))), [
      "its layer is encrypted",
      1,
    ]);
    assert.deepEqual(await explain(new StepError("its layer is encrypted", { image: 2 })), [
      "its layer is encrypted",
      2,
    ]);
  });

  it("blames no image where the daemon has ended", async () => {
    const asked = daemon(["panic: oh"], "exit code 2");
    assert.deepEqual(await explain(about(new Error("socket hang up")), asked), [
      "the stage's container manager ended while it took the images in (exit code 2): panic: oh",
      undefined,
    ]);
    assert.deepEqual(await explain(new Error("socket hang up"), daemon([], "SIGKILL")), [
      "the stage's container manager ended while it took the images in (SIGKILL, as where memory runs out), and does not say why",
      undefined,
    ]);
  });

  it("blames no image where the daemon's containerd has ended", async () => {
    assert.deepEqual(await explain(about(new Error("Connection dropped")), daemon(["fatal error: oh"])), [
      "the stage's container manager broke off while it took the images in (Connection dropped): fatal error: oh",
      undefined,
    ]);
  });

  it("tells of a full disk, whoever noticed it", async () => {
    const [message, image] = await explain(
      about(new Error("socket hang up")),
      daemon(["write: no space left on device"]),
    );
    assert.match(message, /^no space left on device: the images are /);
    assert.equal(image, undefined);
  });
});

describe("failureSentence", () => {
  it("points at the base image if its programs and settings are the reason", () => {
    assert.equal(
      failureSentence("did not come up (exit code 1)", ["failed to start daemon: driver not supported: x"]),
      "the stage's container manager did not come up (exit code 1): failed to start daemon: driver not supported: x; " +
        "mend it in the base image, or above PRELOAD",
    );
  });

  for (const words of [
    "mkdir /x: no space left on device",
    "failed to mount overlay: operation not permitted",
  ]) {
    it(`does not if the builder is: ${words}`, () => {
      assert.doesNotMatch(
        failureSentence("did not come up", [`failed to start daemon: ${words}`]),
        /base image/,
      );
    });
  }
});
