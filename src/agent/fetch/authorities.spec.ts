import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { parseAuthorities } from "./authorities.js";

const pem = `-----BEGIN CERTIFICATE-----
MIIBhzCCAS2gAwIBAgIUP3vbkm+MAuGqzuQK6Uy6m/Di3XswCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOTGFyZGVyIHRlc3QgQ0EwHhcNMjYxMTI2MTIyMzUyWhcNMzYx
MTIzMTIyMzUyWjAZMRcwFQYDVQQDDA5MYXJkZXIgdGVzdCBDQTBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABJHwdwrVXmre/RRw9NxtqRLq703cF19zFMSA/AyVd64B
0T+5eOS1c/8aU1tCvqyL94U5bNNSl548ve3sMrroTwSjUzBRMB0GA1UdDgQWBBTR
9YE/s3JZv+UjGDMULfbaalcIMzAfBgNVHSMEGDAWgBTR9YE/s3JZv+UjGDMULfba
alcIMzAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQCdkNners3t
jf+7LMdmDsaz+KYhqk60Sdx22sLiBZHA+wIgCrHKnvOnp1mc22HQapSPE/jJfFY2
OGXEd43XDv295N8=
-----END CERTIFICATE-----`;

describe("parseAuthorities", () => {
  const parse = (text: string): string[] => parseAuthorities(Buffer.from(text));

  it("takes one certificate or several, with words between them and any line ends", () => {
    assert.deepEqual(parse(pem), [pem]);
    assert.deepEqual(parse(`# ours\r\n${pem}\n\nsubject=/CN=é\n${pem}\n`), [pem, pem]);
    assert.equal(parse(pem.replaceAll("\n", "\r\n")).length, 1);
  });

  const key = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
  it("leaves a key out", () => assert.deepEqual(parse(key + pem), [pem]));

  const refused: [title: string, bytes: Buffer, message: RegExp][] = [
    ["an empty file", Buffer.of(), /it has no PEM certificate, .*; the file is empty; give/],
    [
      "something else",
      Buffer.from("hello"),
      /it has no PEM certificate, which begins with -----BEGIN CERTIFICATE-----; give/,
    ],
    ["a key alone", Buffer.from(key), /it has no PEM certificate/],
    [
      "a certificate that was cut off",
      Buffer.from(pem.slice(0, 200)),
      /a certificate in it has no end: it has been cut off/,
    ],
    [
      "one that lacks its middle",
      Buffer.from(
        pem
          .split("\n")
          .filter((_, index) => index !== 3)
          .join("\n"),
      ),
      /its certificate cannot be read \(/,
    ],
    [
      "the second of two",
      Buffer.from(`${pem}\n-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----`),
      /certificate 2 of 2 in it cannot be read/,
    ],
    ["DER", new X509Certificate(pem).raw, /this one is DER: openssl x509 -inform der -in FILE -out ca\.pem/],
  ];
  for (const [title, bytes, message] of refused) {
    it(`refuses ${title}`, () => {
      assert.throws(
        () => parseAuthorities(bytes),
        (error: Error) => {
          assert.match(error.message, /^the secret larder-ca: /);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }
});
