/** The builder turns tags into digests, with the client's credentials, source policies and mirrors. */
import { LarderError } from "../../error.js";
import type { Bridge } from "../../gateway/bridge.js";
import { parseConfig } from "../../image/config.js";
import { digestOf } from "../../image/digest.js";
import type { InnerImage } from "../../image/inner-image.js";
import { formatPlatform, messagePlatform, type Platform } from "../../image/platform.js";
import { formatReference, onMirror } from "../../image/reference.js";
import type { RequestedImage } from "../directive/directive.js";
import { Fault } from "../directive/fault.js";
import { nameImage } from "../plan/plan.js";

/**
 * Asks the registry, never the builder's own store, since the fetch step asks the registry, too.
 * @throws Fault that names the image, its line and the way out.
 */
export async function resolveImage(
  bridge: Bridge,
  requested: RequestedImage,
  platform: Platform,
): Promise<InnerImage> {
  const { reference, text, lines, where } = requested;
  const subject = nameImage(text, where);
  const wanted = formatPlatform(platform);
  const { Digest, Config } = await bridge
    .resolveImageConfig({
      Ref: formatReference(reference),
      Platform: messagePlatform(platform),
      ResolveMode: "pull",
      LogName: `[larder] resolve ${text}`,
    })
    .catch((error: unknown) => {
      throw new Fault(`${subject}: ${explain(error, requested, wanted)}`, { lines, cause: error });
    });
  const config = parseConfig(Config);
  if (config.os === undefined && config.rootfs === undefined) {
    throw new Fault(`${subject}: ${noImage}`, { lines });
  }
  if (config.os !== platform.os || config.architecture !== platform.architecture) {
    throw new Fault(
      `${subject}: it is for ${config.os}/${config.architecture}, not for ${wanted}; ` +
        "choose another image or say --platform=",
      { lines },
    );
  }
  return {
    reference: { ...reference, digest: Digest },
    platform,
    imageId: digestOf(Config),
    diffIds: config.rootfs?.diff_ids ?? [],
  };
}

/** A manifest need not be an image's. Its config shows what it is. */
const noImage =
  "it is no container image, but something else that the registry keeps (a Helm chart, a signature, an artifact); leave it out";

function explain(error: unknown, { text, reference }: RequestedImage, platform: string): string {
  // Newer BuildKits put the registry's message on a separate line.
  const message = LarderError.from(error)
    .message.trim()
    .replaceAll(/\s*\n\s*/g, ": ");
  // A name may contain any of the words in the patterns.
  const words = message.replaceAll(formatReference(reference), "it").replaceAll(text, "it");
  const type = /unknown type (\S+?);? /.exec(words)?.[1];
  if (type !== undefined) return `${noImage} (its type is ${type})`;
  if (/schema 1\b|manifest\.v1\+(?:json|prettyjws)/i.test(words)) {
    return "its manifest has a format of before 2017 (schema 1), which builders do not read any more; push the image again with a current Docker";
  }
  if (/no match for platform|no matching manifest/i.test(words)) {
    return `it has no variant for ${platform}; choose another image or say --platform=`;
  }
  if (
    /insufficient_scope|authorization failed|authorize|no basic auth|unauthorized|forbidden|denied/i.test(
      words,
    )
  ) {
    return `its registry refused the login, or it does not exist; check the name, and log in with docker login (${message})`;
  }
  if (/not found|manifest unknown|name unknown/i.test(words)) {
    return "its registry does not have it; check the name and the tag";
  }
  if (/x509:|tls: failed to verify/i.test(words)) {
    const host = reference.domain;
    return (
      `the builder does not trust the certificate of its registry ${host}; give the builder its CA ` +
      `(Docker: /etc/docker/certs.d/${host}/ca.crt; buildkitd.toml: ca in [registry."${host}"]), and the build step with ` +
      `--secret id=larder-ca,src=ca.pem (${message})`
    );
  }
  if (/dial tcp|no such host|i\/o timeout|connection re(?:fused|set)|\bEOF\b/i.test(words)) {
    return (
      `its registry ${reference.domain} does not answer; check the name and the network, or name a mirror of it, ` +
      `PRELOAD --from=${onMirror(reference)} (${message})`
    );
  }
  return `it could not be resolved: ${message}`;
}
