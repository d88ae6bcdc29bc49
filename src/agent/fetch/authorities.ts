/** Certificates of the secret larder-ca: they sign those of registries. */
import { X509Certificate } from "node:crypto";
import { LarderError } from "../../error.js";

export const caSecret = "larder-ca";
const begin = "-----BEGIN CERTIFICATE-----";
const blocks = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;

/**
 * @returns the certificates in PEM, without the text between them.
 * @throws LarderError if there is none, or if one cannot be read.
 */
export function parseAuthorities(bytes: Buffer): string[] {
  const text = bytes.toString("latin1");
  const found = text.match(blocks) ?? [];
  const begun = text.split(begin).length - 1;
  if (begun !== found.length) throw refuse("a certificate in it has no end: it has been cut off");
  if (found.length === 0) throw refuse(`it has no PEM certificate, which begins with ${begin}${hint(bytes)}`);
  for (const [index, pem] of found.entries()) {
    try {
      new X509Certificate(pem);
    } catch (cause) {
      const which =
        found.length === 1 ? "its certificate" : `certificate ${index + 1} of ${found.length} in it`;
      throw refuse(`${which} cannot be read (${(cause as Error).message})`, cause);
    }
  }
  return found;
}

function hint(bytes: Buffer): string {
  if (bytes.length === 0) return "; the file is empty";
  try {
    new X509Certificate(bytes);
    return "; this one is DER: openssl x509 -inform der -in FILE -out ca.pem";
  } catch {
    return "";
  }
}

function refuse(what: string, cause?: unknown): LarderError {
  return new LarderError(
    `the secret ${caSecret}: ${what}; give the registry's CA with --secret id=${caSecret},src=ca.pem`,
    {
      cause,
    },
  );
}
