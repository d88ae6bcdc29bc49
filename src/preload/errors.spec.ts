import assert from "node:assert/strict";
import { failed, runFrontend, sample } from "../../test/harness/run-frontend.js";

/** What a user reads of a build that fails, and which lines of the own Dockerfile are shown for it. */
describe("errors of a build with PRELOAD", function () {
  this.timeout(20_000);

  const image = { "build-arg:LARDER_SECURITY": "insecure" };
  const from = "FROM docker:29-dind\n";
  const [other] = process.arch === "arm64" ? ["linux/amd64"] : ["linux/arm64"];

  for (const [what, file, lines, message] of [
    [
      "a bad reference",
      `${from}PRELOAD redis:7 \\\n  Redis:8\n`,
      [3],
      /^PRELOAD: image "Redis:8": .*lowercase/,
    ],
    ["a bad reference of a variable", `${from}ARG A=:\nPRELOAD $A\n`, [3], /^PRELOAD: image ":": /],
    [
      "an unknown flag",
      `${from}PRELOAD --plaform=x redis:7\n`,
      [2],
      /unknown flag "--plaform".*--platform\?$/,
    ],
    ["a flag without a value", `${from}PRELOAD --root redis:7\n`, [2], /flag "--root" has no value/],
    ["no image", `${from}RUN a\nPRELOAD --store=docker\n`, [3], /^PRELOAD: no image is named/],
    ["no stage", `PRELOAD redis:7\n${from}`, [1], /^PRELOAD: no stage has begun/],
    [
      "an empty stage",
      "FROM scratch\nPRELOAD redis:7\n",
      [2],
      /^PRELOAD: the stage is empty \(FROM scratch\)/,
    ],
    [
      "no such image",
      `${from}PRELOAD redis:7 \\\n  a/b:1\n`,
      [3],
      /image "a\/b:1": its registry does not have it/,
    ],
    [
      "another platform",
      `${from}PRELOAD --platform=${other} redis:7\n`,
      [2],
      /"redis:7": it has no variant for linux/,
    ],
    [
      "a stage below",
      `${from.trim()} AS a\nPRELOAD --from=b x\n${from.trim()} AS b\nFROM a\n`,
      [2],
      /--from="b": the stage begins on line 3/,
    ],
    ["a base that is missing", "FROM nothing:1\nPRELOAD redis:7\n", [1], /nothing:1: not found$/],
    ["an open heredoc", `${from}PRELOAD <<EOF\nredis:7\n`, [2, 3, 4], /the heredoc "EOF" has no end/],
  ] as const) {
    it(`names the line of ${what}`, async () => {
      const outcome = await runFrontend(sample(file));
      const failure = failed(outcome);
      assert.match(failure.message, message);
      assert.deepEqual(failure, { message: failure.message, filename: "Dockerfile", text: file, lines });
      assert.deepEqual(
        outcome.upstream.ran.filter((name) => name.startsWith("[larder] fetch")),
        [],
      );
    });
  }

  it("is that of upstream for an instruction below, about the user's text", async () => {
    const file = `${from}PRELOAD redis:7\nRUNN x\n`;
    const failure = failed(await runFrontend(sample(file)));
    const message = "dockerfile parse error on line 3: unknown instruction: RUNN";
    assert.deepEqual(failure, { message, filename: "Dockerfile", text: file, lines: [3] });
  });

  it("shows no line for what no line says", async () => {
    const options = { ...image, "build-arg:LARDER_LAYERS": "0" };
    const { message, lines } = failed(await runFrontend(sample(`${from}PRELOAD redis:7\n`, { options })));
    assert.match(message, /^build argument LARDER_LAYERS="0": write a number/);
    assert.deepEqual(lines, []);
  });

  const two = `${from}PRELOAD redis:7 \\\n  postgres:17\n`;
  /** As a step that fails leaves it. */
  const report = (value: object) => JSON.stringify(value);

  it("says what a failed fetch step left as its reason, with the line of its image", async () => {
    const fails = ({ name }: { name: string }) =>
      name === "[larder] fetch postgres:17" ? report({ message: "the disk is on fire" }) : undefined;
    const { message, lines, text } = failed(await runFrontend(sample(two, { fails })));
    assert.equal(message, 'PRELOAD: image "postgres:17": the disk is on fire');
    assert.deepEqual(lines, [3]);
    assert.equal(text, two);
  });

  it("names a mirror where a registry cannot be reached, and the flag that forbids to", async () => {
    const fails = ({ job }: { job: { kind: string } | undefined }) =>
      job?.kind === "fetch" ? report({ message: "no answer", unreachable: true }) : undefined;
    const outcomes = await Promise.all(
      ["", "--network=none "].map((flag) =>
        runFrontend(sample(`${from}PRELOAD ${flag}redis:7\n`, { fails })),
      ),
    );
    assert.deepEqual(
      outcomes.map((outcome) => failed(outcome).message),
      [
        'PRELOAD: image "redis:7": no answer; to take it from a mirror that can be reached, write ' +
          "PRELOAD --from=mirror.example/library/redis:7 redis:7",
        'PRELOAD: image "redis:7": no answer; leave out --network=none',
      ],
    );
  });

  it("names the image at fault of a step that is for several", async () => {
    const fails = ({ job }: { job: { kind: string } | undefined }) =>
      job?.kind === "stock" ? report({ message: "refused", image: 1 }) : undefined;
    const { message, lines } = failed(await runFrontend(sample(two, { fails })));
    assert.equal(message, 'PRELOAD: image "postgres:17": refused');
    assert.deepEqual(lines, [3]);
  });

  it("says so where a step left no word", async () => {
    const fails = ({ job }: { job: { kind: string } | undefined }) =>
      job?.kind === "stock" ? "" : undefined;
    const { message, lines } = failed(await runFrontend(sample(two, { fails })));
    assert.match(
      message,
      /^PRELOAD: images "redis:7", "postgres:17": the step broke off without a word \(process "node/,
    );
    assert.deepEqual(lines, [2, 3]);
  });

  it("leaves the error of a step of the user's as it is, at its place in the user's file", async () => {
    const file = `${from}RUN above\nPRELOAD redis:7\nRUN below\n`;
    const outcomes = await Promise.all(
      ["above", "below"].map((word) => {
        const fails = ({ name }: { name: string }) => (name.endsWith(`RUN ${word}`) ? "" : undefined);
        return runFrontend(sample(file, { fails }));
      }),
    );
    const failures = outcomes.map(failed);
    assert.deepEqual(
      failures.map(({ lines, text }) => [lines, text]),
      [
        [[2], file],
        [[4], file],
      ],
    );
    assert.match(failures[1]?.message ?? "", /^process "\/bin\/sh -c below" did not complete successfully/);
  });

  it("explains a permission that the build does not have", async () => {
    const file = `${from}PRELOAD redis:7\n`;
    const refuses = ["security.insecure"] as const;
    const refused = failed(await runFrontend(sample(file, { refuses })));
    assert.match(
      refused.message,
      /^PRELOAD: image "redis:7": the build may not mount .*--allow security.insecure/,
    );
    assert.deepEqual(refused.lines, [2]);
    const needless = failed(await runFrontend(sample(file, { refuses, canMount: true })));
    assert.match(needless.message, /leave out --build-arg LARDER_SECURITY=insecure/);
    const network = sample(`${from}PRELOAD --network=host redis:7\n`, { refuses: ["network.host"] });
    assert.match(
      failed(await runFrontend(network)).message,
      /^PRELOAD: image "redis:7": .*--allow network.host$/,
    );
  });

  it("asks for no permission where steps may mount as they are", async () => {
    const asked = { refuses: ["security.insecure"], canMount: true } as const;
    const auto = { ...asked, options: { "build-arg:LARDER_SECURITY": "auto" } };
    const { error } = await runFrontend(sample(`${from}PRELOAD redis:7\n`, auto));
    assert.equal(error, undefined);
  });
});
