import assert from "node:assert/strict";
import fc from "fast-check";
import {
  familiarName,
  familiarReference,
  formatReference,
  isLoopback,
  parseReference,
  repositoryName,
} from "./reference.js";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("parseReference", () => {
  const valid: [text: string, full: string, familiar: string][] = [
    ["redis", "docker.io/library/redis:latest", "redis:latest"],
    ["redis:7", "docker.io/library/redis:7", "redis:7"],
    ["docker.io/redis", "docker.io/library/redis:latest", "redis:latest"],
    ["index.docker.io/library/redis", "docker.io/library/redis:latest", "redis:latest"],
    ["grafana/loki", "docker.io/grafana/loki:latest", "grafana/loki:latest"],
    ["library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"],
    ["localhost/redis", "localhost/redis:latest", "localhost/redis:latest"],
    ["localhost:5000/redis", "localhost:5000/redis:latest", "localhost:5000/redis:latest"],
    ["ghcr.io/a/b.c__d-e:V1.0-x", "ghcr.io/a/b.c__d-e:V1.0-x", "ghcr.io/a/b.c__d-e:V1.0-x"],
    ["UPPER/redis", "UPPER/redis:latest", "UPPER/redis:latest"],
    ["[::1]:5000/redis", "[::1]:5000/redis:latest", "[::1]:5000/redis:latest"],
    [`redis@${digest}`, `docker.io/library/redis@${digest}`, `redis@${digest}`],
    [`redis:7@${digest}`, `docker.io/library/redis:7@${digest}`, `redis:7@${digest}`],
  ];
  for (const [text, full, familiar] of valid) {
    it(`${text} is ${full}`, () => {
      const reference = parseReference(text);
      assert.equal(formatReference(reference), full);
      assert.equal(familiarReference(reference), familiar);
      assert.deepEqual(parseReference(familiar), reference, "the familiar form means something else");
    });
  }

  const invalid: [text: string, message: RegExp][] = [
    ["", /invalid reference format/],
    ["@x", /invalid reference format/],
    [`a@${digest}@${digest}`, /invalid reference format/],
    ["a/", /invalid reference format/],
    ["a//b", /invalid reference format/],
    ["-a", /invalid reference format/],
    ["a b", /invalid reference format/],
    ["$IMAGE", /invalid reference format/],
    ["https://ghcr.io/a", /invalid registry "https:"/],
    ["Foo", /repository name must be lowercase/],
    ["ghcr.io/Foo", /repository name must be lowercase/],
    ["redis:", /invalid tag ""/],
    ["redis:-x", /invalid tag "-x"/],
    [`redis:${"x".repeat(129)}`, /invalid tag/],
    ["redis@sha256:12", /invalid digest "sha256:12"/],
    [`redis@md5:${"0".repeat(64)}`, /invalid digest/],
    ["a..b_.io:x/redis", /invalid registry "a..b_.io:x"/],
  ];
  for (const [text, message] of invalid) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseReference(text), { message }));
  }

  const letters = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  const component = fc
    .array(fc.tuple(letters, fc.constantFrom(".", "_", "__", "-", "---")), { minLength: 1, maxLength: 3 })
    .map((parts) => parts.flat().slice(0, -1).join(""));
  const port = fc.integer({ min: 1, max: 65535 }).map((number) => `:${number}`);
  const domain = fc.oneof(
    fc.constant("docker.io"),
    fc
      .tuple(fc.constantFrom("localhost", "ghcr.io", "127.0.0.1", "[fe80::1]"), port)
      .map((pair) => pair.join("")),
  );
  // The first part has no dot: Docker reads docker.io/a.b/c as a.b/c, too, which is another image.
  const path = fc
    .tuple(letters, fc.array(component, { maxLength: 2 }))
    .map(([first, more]) => [first, ...more].join("/"));
  const reference = fc
    .record({
      domain,
      path,
      tag: fc.option(fc.stringMatching(/^\w[\w.-]{0,20}$/), { nil: undefined }),
      digest: fc.option(
        fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`),
        { nil: undefined },
      ),
    })
    .map(
      ({ domain, path, tag, digest }) =>
        `${domain}/${path}${tag ? `:${tag}` : ""}${digest ? `@${digest}` : ""}`,
    );

  it("reads back references in full and in Docker's short form", () => {
    fc.assert(
      fc.property(reference, (text) => {
        const parsed = parseReference(text);
        assert.deepEqual(parseReference(formatReference(parsed)), parsed);
        assert.deepEqual(parseReference(familiarReference(parsed)), parsed);
      }),
    );
  });

  it("throws nothing but an Error that says something", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."aZ0.-_:/@ \n»") }), (text) => {
        try {
          const parsed = parseReference(text);
          assert.deepEqual(parseReference(formatReference(parsed)), parsed);
        } catch (error) {
          assert.match((error as Error).message, /^(invalid|repository name)/);
        }
      }),
    );
  });
});

describe("names", () => {
  it("leave tag and digest out", () => {
    const reference = parseReference(`redis:7@${digest}`);
    assert.equal(repositoryName(reference), "docker.io/library/redis");
    assert.equal(familiarName(reference), "redis");
    assert.equal(familiarName(parseReference("ghcr.io/a/b:1")), "ghcr.io/a/b");
  });
});

describe("isLoopback", () => {
  for (const registry of [
    "localhost",
    "localhost:5000",
    "127.0.0.1",
    "127.8.9.1:80",
    "[::1]",
    "[::1]:5000",
  ]) {
    it(`is true of ${registry}`, () => assert.ok(isLoopback(parseReference(`${registry}/a`))));
  }
  for (const text of [
    "redis",
    "localhost.io/a",
    "128.0.0.1/a",
    "127.0.0.1.nip.io/a",
    "10.0.0.1:5000/a",
    "[::2]/a",
  ]) {
    it(`is false of ${text}`, () => assert.ok(!isLoopback(parseReference(text))));
  }
});
