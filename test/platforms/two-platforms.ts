/** An inner image for two platforms. It has a file with the platform's name. */
import { createHash } from "node:crypto";
import { build } from "../harness/build.js";
import { output } from "../harness/command.js";
import { lab, labImage } from "../harness/lab.js";

export const inner = labImage("e2e/two-platforms:1");

export async function pushTwoPlatforms(): Promise<void> {
  await build({
    larder: false,
    dockerfile: "FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /architecture\n",
    files: { amd64: "amd64\n", arm64: "arm64\n" },
    tag: inner,
    args: ["--push", "--platform", "linux/amd64,linux/arm64"],
  });
}

/** Digest of the image's config in the registry, for an architecture. */
export async function imageIdOf(architecture: string): Promise<string> {
  const raw = await output(lab.skopeo, [
    "--override-arch",
    architecture,
    "inspect",
    "--tls-verify=false",
    "--raw",
    "--config",
    `docker://${inner}`,
  ]);
  return `sha256:${createHash("sha256").update(raw).digest("hex")}`;
}
