import { build } from "../harness/build.js";
import { lab, labImage } from "../harness/lab.js";
import { assertSentence, refusal } from "./refused.js";

describe("errors: the image", () => {
  const refused = (image: string, flags = "") => {
    const preload = `PRELOAD ${flags}${image}`;
    return refusal({ dockerfile: `FROM ${lab.system}\n${preload}\nRUN echo below\n`, shows: preload });
  };
  const [host] = lab.registry.split(":");
  const unknown = /^its registry does not have it; check the name and the tag$/;

  it("an unknown repository", async () => {
    assertSentence(await refused(labImage("no/such:1")), labImage("no/such:1"), unknown);
  });

  it("an unknown tag", async () => {
    assertSentence(await refused(labImage("busybox:999")), labImage("busybox:999"), unknown);
  });

  it("an unknown image whose name has a status of HTTP in it", async () => {
    assertSentence(await refused(labImage("no/such403:401")), labImage("no/such403:401"), unknown);
  });

  it("an unknown digest", async () => {
    const image = `${labImage("busybox")}@sha256:${"5".repeat(64)}`;
    assertSentence(await refused(image), image, unknown);
  });

  it("a registry that does not answer", async () => {
    const image = `${host}:9/busybox:1`;
    assertSentence(
      await refused(image),
      image,
      /^its registry [\d.]+:9 does not answer; check the name and the network, or name a mirror of it, PRELOAD --from=mirror\.example\/busybox:1 \(.*connection refused\)$/,
    );
  });

  it("a platform that the image lacks", async () => {
    const image = labImage("busybox:1");
    assertSentence(
      await refused(image, "--platform=linux/arm64 "),
      image,
      /^it is for linux\/amd64, not for linux\/arm64; choose another image or say --platform=$/,
    );
  });

  it("a platform that the image's index lacks", async () => {
    const image = labImage("e2e/errors-index:1");
    await build({
      larder: false,
      dockerfile: `FROM ${labImage("busybox:1")}\n`,
      tag: image,
      args: ["--push", "--provenance=true"],
    });
    assertSentence(
      await refused(image, "--platform=linux/arm64 "),
      image,
      /^it has no variant for linux\/arm64; choose another image or say --platform=$/,
    );
  });
});
