import assert from "node:assert/strict";
import { explainSkopeo, type FailureContext } from "./failures.js";

/** Messages of skopeo 1.22, recorded in experiments. */
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
  silent: 'pinging container registry r: Get "https://r/v2/": dial tcp 10.0.0.9:443: i/o timeout',
  slow: 'pinging container registry r: Get "https://r/v2/": net/http: TLS handshake timeout',
  unnamed:
    'pinging container registry r: Get "https://r/v2/": dial tcp: lookup r on 10.0.0.1:53: no such host',
  proxy:
    'pinging container registry r: Get "https://r/v2/": proxyconnect tcp: dial tcp 10.0.0.9:3128: connect: connection refused',
  proxyRefuses: 'pinging container registry r: Get "https://r/v2/": Forbidden',
  authority:
    'pinging container registry r: Get "https://r/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
  otherName:
    'pinging container registry r: Get "https://r/v2/": tls: failed to verify certificate: x509: certificate is valid for s, not r',
  limited:
    "reading manifest 7 in docker.io/library/redis: toomanyrequests: You have reached your unauthenticated pull rate limit",
  corrupt: "copying system image: writing blob: Digest did not match, expected sha256:1, got sha256:2",
  other: "something new",
};

describe("explainSkopeo", () => {
  const context: FailureContext = {
    registry: "r:5000",
    platform: { os: "linux", architecture: "arm64" },
    proxy: undefined,
    login: { kind: "none" },
    authorities: 0,
    attempts: 3,
  };
  const explain = (message: string, more: Partial<FailureContext> = {}) =>
    explainSkopeo(`some log\ntime="..." level=fatal msg=${JSON.stringify(message)}`, {
      ...context,
      ...more,
    });

  const unreachable =
    /^the registry r:5000 cannot be reached from a build step, which knows none of the builder's mirrors \(.*\)$/;
  const cases: [keyof typeof words, RegExp, { transient?: true; unreachable?: true }][] = [
    ["unknown", /^the registry r:5000 has no such image: check its name and tag/, {}],
    ["refused", /wants a login.*--secret id=larder-auth,src=\$HOME\/\.docker\/config\.json/, {}],
    ["denied", /wants a login, or the image does not exist/, {}],
    ["platform", /^the image has no linux\/arm64: choose another with PRELOAD --platform=/, {}],
    ["http", /speaks plain HTTP: allow it with --build-arg LARDER_INSECURE_REGISTRIES=r:5000/, {}],
    ["dropped", /failed or dropped at try 3: try again \(/, { transient: true }],
    ["slow", /failed or dropped at try 3: try again \(/, { transient: true }],
    ["unreachable", unreachable, { transient: true, unreachable: true }],
    ["proxyRefuses", unreachable, { unreachable: true }],
    // skopeo has waited 30 s for the answer.
    ["silent", unreachable, { unreachable: true }],
    ["unnamed", unreachable, { transient: true, unreachable: true }],
    ["proxy", unreachable, { transient: true, unreachable: true }],
    [
      "authority",
      /is signed by an unknown authority: give its CA with --secret id=larder-ca,src=ca\.pem/,
      {},
    ],
    ["otherName", /^the certificate of the registry r:5000 does not hold/, {}],
    [
      "limited",
      /refuses more pulls for now: log in with --secret id=larder-auth,.*, or wait \(/,
      { transient: true },
    ],
    ["corrupt", /is corrupt: push the image again/, { transient: true }],
    ["other", /^skopeo: something new$/, {}],
  ];
  for (const [name, pattern, { transient = false, unreachable = false }] of cases) {
    it(`knows: ${name}`, () => {
      const failure = explain(words[name]);
      assert.match(failure.message, pattern);
      assert.deepEqual([failure.transient, failure.unreachable], [transient, unreachable]);
    });
  }

  it("names the proxy that is on the way", () => {
    assert.match(
      explain(words.proxy, { proxy: "10.0.0.9:3128" }).message,
      /^the registry r:5000 cannot be reached through the proxy 10\.0\.0\.9:3128 of the build arguments: check these and NO_PROXY \(/,
    );
  });

  it("says that the given CA is another one", () => {
    assert.match(
      explain(words.authority, { authorities: 2 }).message,
      /is signed by none of the 2 in the secret larder-ca: put the CA into it that signs this one/,
    );
  });

  it("tells a refused login from a missing one", () => {
    assert.match(
      explain(words.refused, { login: { kind: "written" } }).message,
      /refuses the login of the secret larder-auth/,
    );
    assert.match(
      explain(words.refused, { login: { kind: "absent" } }).message,
      /larder-auth has none for it/,
    );
  });

  it("names the helper that has the login, and how a config is written without it", () => {
    const { message } = explain(words.denied, {
      login: { kind: "helper", program: "docker-credential-desktop" },
    });
    assert.match(
      message,
      /leaves the login to the helper docker-credential-desktop, which a build step cannot run/,
    );
    assert.match(message, /\{"auths":\{"r:5000":\{"auth":"\.\.\."\}\}\}/);
    const login = { kind: "helper", program: "docker-credential-pass" } as const;
    assert.match(
      explain(words.limited, { login }).message,
      /more pulls for now: .* docker-credential-pass, /,
    );
  });
});
