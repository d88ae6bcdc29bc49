import assert from "node:assert/strict";
import { sha256 } from "../../test/harness/fake-graph.js";
import { built, failed, type Outcome, runFrontend, sample } from "../../test/harness/run-frontend.js";

/** Warnings of a build, and the answer to `docker build --check`. */
describe("warnings of PRELOAD", function () {
  this.timeout(20_000);

  const images = { redis: {}, "redis:latest": {} };
  const file = "FROM docker:29-dind\nPRELOAD redis\nPRELOAD postgres:17\nPRELOAD postgres:17\n";
  const linesOf = ({ upstream }: Outcome): string[] => upstream.warnings.map(({ short }) => short.toString());
  const latest =
    'PreloadLatest: image "redis" has no tag, which means latest; name a version or a digest (line 2)';
  const duplicate =
    'PreloadDuplicate: image "postgres:17" is named on line 3 already; leave it out here (line 4)';

  it("are printed at the end of a build, for the vertex that loaded the file", async () => {
    const outcome = await runFrontend(sample(file, { images }));
    built(outcome);
    assert.deepEqual(linesOf(outcome), [latest, duplicate]);
    const [first] = outcome.upstream.warnings;
    assert.equal(first?.info?.filename, "Dockerfile");
    assert.equal(first?.info?.data.toString(), file);
    assert.deepEqual(
      first?.ranges.map(({ start }) => start?.line),
      [2],
    );
    const loaded = outcome.upstream.solves.map(({ FrontendInputs }) => FrontendInputs.dockerfile?.def[0]);
    assert.ok(loaded.some((bytes) => bytes && sha256(bytes) === first?.digest));
  });

  for (const [what, directive, options, printed] of [
    ["one rule, by the file", "# check=skip=PreloadLatest\n", {}, 1],
    ["all rules, by the file", "# check=skip=all\n", {}, 0],
    [
      "one rule, by the build, whatever the file says",
      "# check=skip=all\n",
      { check: "skip=PreloadDuplicate" },
      1,
    ],
  ] as const) {
    it(`are not printed of ${what}`, async () => {
      const given = "check" in options ? { "build-arg:BUILDKIT_DOCKERFILE_CHECK": options.check } : {};
      const outcome = await runFrontend(sample(directive + file, { images, options: given }));
      built(outcome);
      assert.equal(linesOf(outcome).length, printed);
    });
  }

  it("are errors where the file says so, before anything runs", async () => {
    const outcome = await runFrontend(sample(`# check=error=true\n${file}`, { images }));
    assert.equal(failed(outcome).message, "lint violation found for rules: PreloadLatest, PreloadDuplicate");
    assert.equal(linesOf(outcome).length, 2);
    assert.ok(!outcome.upstream.ran.some((name) => name.startsWith("[larder] fetch")));
    const skipped = sample(`# check=skip=PreloadLatest,PreloadDuplicate;error=true\n${file}`, { images });
    assert.equal((await runFrontend(skipped)).error, undefined);
  });

  it("come with those of upstream for the whole file, once", async () => {
    const whole = "FROM docker:29-dind$SUFFIX\nLABEL a=$ABOVE\nPRELOAD redis:7$TAG\nLABEL b=$BELOW\n";
    const outcome = await runFrontend(sample(whole));
    built(outcome);
    assert.deepEqual(linesOf(outcome), [
      "UndefinedVar: Usage of undefined variable '$ABOVE' (line 2)",
      "UndefinedVar: Usage of undefined variable '$TAG' (line 3)",
      "UndefinedVar: Usage of undefined variable '$BELOW' (line 4)",
    ]);
    // The parts of the file must not say it again.
    assert.deepEqual(outcome.upstream.printed, []);
  });

  it("come of the base image's command, too, which is known when all is built", async () => {
    const Entrypoint = ["/usr/bin/dockerd", "--debug"];
    const one = { ...images, "by-path:1": { config: { Entrypoint } } };
    const text = "FROM by-path:1\nPRELOAD redis:7\n";
    const outcome = await runFrontend(sample(text, { images: one }));
    built(outcome);
    assert.match(
      linesOf(outcome).join(),
      /^PreloadDaemonPath: ENTRYPOINT of the base image starts .* \(line 2\)$/,
    );
    const skipped = await runFrontend(sample(`# check=skip=PreloadDaemonPath\n${text}`, { images: one }));
    assert.deepEqual(linesOf(skipped), []);
    const strict = await runFrontend(sample(`# check=error=true\n${text}`, { images: one }));
    assert.equal(failed(strict).message, "lint violation found for rules: PreloadDaemonPath");
  });

  it("are those of the stages that the target needs", async () => {
    const other = `${file}FROM docker:29-dind\nPRELOAD redis:7 redis:7\n`;
    const outcome = await runFrontend(sample(other, { images }));
    assert.deepEqual(
      linesOf(outcome).map((line) => line.replace(/:.*\(/s, " (")),
      ["PreloadDuplicate (line 6)"],
    );
  });

  interface Answer {
    readonly warnings: readonly { readonly ruleName: string }[];
    readonly sources: readonly { readonly data: string }[];
    readonly buildError?: { readonly message: string; readonly location: object };
  }

  async function check(text: string, requestid = "frontend.lint"): Promise<Outcome & { answer: Answer }> {
    const outcome = await runFrontend(sample(text, { images, options: { requestid } }));
    const json = outcome.metadata["result.json"]?.toString() ?? "{}";
    return { ...outcome, answer: JSON.parse(json) as Answer };
  }

  it("are in the answer to --check, beside the others, about the user's text", async () => {
    const text = `${file}LABEL a=$UNKNOWN\n`;
    const { answer, metadata, definitions, upstream } = await check(text);
    assert.deepEqual(
      answer.warnings.map(({ ruleName }) => ruleName),
      ["UndefinedVar", "PreloadLatest", "PreloadDuplicate"],
    );
    assert.deepEqual(
      answer.sources.map(({ data }) => Buffer.from(data, "base64").toString()),
      [text],
    );
    assert.equal(metadata["result.statuscode"]?.toString(), "1");
    assert.match(
      metadata["result.txt"]?.toString() ?? "",
      /WARNING: PreloadLatest\nimage "redis" .*\nDockerfile:2\n/,
    );
    assert.equal(definitions.size, 0);
    assert.deepEqual(upstream.warnings, []);
    assert.deepEqual(upstream.resolved, []);
  });

  it("leave the answer to --check as it is where there are none", async () => {
    const { answer, metadata } = await check("FROM docker:29-dind\nPRELOAD redis:7\n");
    assert.deepEqual(answer.warnings, []);
    assert.equal(metadata["result.statuscode"]?.toString(), "0");
  });

  it("give way to a fault in the answer to --check", async () => {
    const { answer, metadata } = await check("FROM docker:29-dind\nPRELOAD --nothing=x redis:7\n");
    assert.match(answer.buildError?.message ?? "", /^PRELOAD: unknown flag "--nothing"/);
    const range = { start: { line: 2 }, end: { line: 2 } };
    assert.deepEqual(answer.buildError?.location, { ranges: [range] });
    assert.equal(metadata["result.statuscode"]?.toString(), "1");
  });

  it("are no matter of other questions, which upstream answers", async () => {
    const { error } = await check(file, "frontend.unknown");
    assert.equal(error?.message, "unsupported request frontend.unknown");
  });
});
