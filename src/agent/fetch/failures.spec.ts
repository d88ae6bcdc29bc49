import assert from "node:assert/strict";
import { explainFailure } from "./failures.js";

/** What skopeo 1.22 said when it was tried. */
const words = {
  unknown: "reading manifest 1 in 10.0.0.1:5000/a: manifest unknown",
  refused: "pinging container registry r.example: StatusCode: 401, Unauthorized",
  denied: "reading manifest 7 in docker.io/library/reddis: requested access to the resource is denied",
  platform:
    'choosing image instance: no image found in image index for architecture "arm64", variant "v8", OS "linux"',
  http: 'pinging container registry r:5000: Get "https://r:5000/v2/": http: server gave HTTP response to HTTPS client',
  dropped: "copying system image from manifest list: writing blob: happened during read: unexpected EOF",
  unreachable:
    'pinging container registry r: Get "https://r/v2/": dial tcp 10.0.0.9:443: connect: connection refused',
  corrupt: "copying system image: writing blob: Digest did not match, expected sha256:1, got sha256:2",
  other: "something new",
};

describe("explainFailure", () => {
  const context = {
    registry: "r:5000",
    platform: { os: "linux", architecture: "arm64" },
    hasAuth: false,
    attempts: 3,
  };
  const explain = (message: string, more: object = {}) =>
    explainFailure(`some log\ntime="..." level=fatal msg=${JSON.stringify(message)}`, {
      ...context,
      ...more,
    });

  const cases: [keyof typeof words, RegExp, boolean][] = [
    ["unknown", /^the registry r:5000 has no such image: check its name and tag/, false],
    ["refused", /wants a login.*--secret id=larder-auth,src=\$HOME\/\.docker\/config\.json/, false],
    ["denied", /wants a login, or the image does not exist/, false],
    ["platform", /^the image has no linux\/arm64: choose another with PRELOAD --platform=/, false],
    ["http", /speaks plain HTTP: allow it with --build-arg LARDER_INSECURE_REGISTRIES=r:5000/, false],
    ["dropped", /failed or dropped at try 3/, true],
    ["unreachable", /failed or dropped at try 3/, true],
    ["corrupt", /is corrupt: push the image again/, true],
    ["other", /^skopeo: something new$/, false],
  ];
  for (const [name, pattern, transient] of cases) {
    it(`knows: ${name}`, () => {
      const failure = explain(words[name]);
      assert.match(failure.message, pattern);
      assert.equal(failure.transient, transient);
    });
  }

  it("tells a refused login from a missing one", () => {
    assert.match(
      explain(words.refused, { hasAuth: true }).message,
      /refuses the login of the secret larder-auth/,
    );
  });
});
