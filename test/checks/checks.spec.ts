import assert from "node:assert/strict";
import { refusal } from "../errors/refused.js";
import { type Build, build, tryBuild } from "../harness/build.js";
import { lab, labImage } from "../harness/lab.js";

const busybox = labImage("busybox");
/** The file breaks upstream's own rules, each above or below PRELOAD. */
const above = `FROM ${lab.system} AS Base
ENV legacy form
VOLUME /var/lib/docker
`;
const preload = `PRELOAD ${busybox}:latest\nPRELOAD ${busybox}\n`;
const below = `RUN echo $UNDEFINED
CMD echo shell form
FROM scratch AS unneeded
ENV other form
FROM base as last
ENV last form
`;
const dockerfile = above + preload + below;
const plan = ["--build-arg", "LARDER_PLAN=1"];

interface Checked {
  readonly warnings: null | readonly { readonly ruleName: string; readonly location: Location }[];
  readonly buildError?: { readonly message: string; readonly location: Location };
}

interface Location {
  readonly ranges: readonly { readonly start: { readonly line: number } }[];
}

const place = (location: Location | undefined): number => location?.ranges[0]?.start.line ?? 0;

async function check(text: string, request: Partial<Build> = {}) {
  const args = ["--call", "check,format=json", ...(request.args ?? [])];
  const { status, stdout, stderr } = await tryBuild({ ...request, dockerfile: text, args });
  const { warnings, buildError } = JSON.parse(stdout || assert.fail(stderr)) as Checked;
  return {
    status,
    found: (warnings ?? []).map(({ ruleName, location }) => `${ruleName} ${place(location)}`).sort(),
    error: buildError && `${buildError.message} (line ${place(buildError.location)})`,
  };
}

/** The warnings at the end of a build, with line numbers. */
function warningsOf(log: string): string[] {
  return [...log.matchAll(/^ ?(?:.*m)? - (\w+): .*\(line (\d+)\)$/gm)]
    .map(([, rule, line]) => `${rule} ${line}`)
    .sort();
}

const own = ["PreloadDuplicate 6", "PreloadLatest 5", "PreloadUnderVolume 4"];
const isOwn = (finding: string): boolean => finding.startsWith("Preload");

describe("checks", () => {
  const stock = above + preload.replaceAll(/.+/g, "") + below;

  it("--check has upstream's findings for the file without PRELOAD, and PRELOAD's own", async () => {
    const [ours, theirs] = [await check(dockerfile), await check(stock, { larder: false })];
    assert.ok(theirs.found.length >= 6, theirs.found.join("\n"));
    assert.deepEqual(ours.found, [...theirs.found, ...own].sort());
    assert.equal(ours.error, undefined);
    assert.equal(ours.status, 1);
  });

  it("a build reports each once, for the stages that it needs", async () => {
    const log = await build({ dockerfile, args: plan });
    const theirs = await build({
      dockerfile: `${stock}RUN true\n`,
      larder: false,
      args: ["--output", "type=cacheonly"],
    });
    assert.ok(warningsOf(theirs).length >= 5, theirs);
    assert.deepEqual(warningsOf(log), [...warningsOf(theirs), ...own].sort());
    assert.equal(
      log.match(/ - PreloadLatest: image ".*busybox:latest" is whatever is the latest; name a version/g)
        ?.length,
      1,
    );
  });

  const skips: [name: string, directive: string, args: string[]][] = [
    ["# check=skip=", "# check=skip=PreloadLatest,PreloadUnderVolume\n", []],
    [
      "BUILDKIT_DOCKERFILE_CHECK",
      "",
      ["--build-arg", "BUILDKIT_DOCKERFILE_CHECK=skip=PreloadLatest,PreloadUnderVolume"],
    ],
  ];
  for (const [name, directive, args] of skips) {
    it(`${name} leaves out rules of PRELOAD's`, async () => {
      const line = own.slice(0, 1).map((finding) => (directive ? finding.replace(/\d+/, "7") : finding));
      assert.deepEqual((await check(directive + dockerfile, { args })).found.filter(isOwn), line);
      assert.deepEqual(
        warningsOf(await build({ dockerfile: directive + dockerfile, args: [...args, ...plan] })).filter(
          isOwn,
        ),
        line,
      );
    });
  }

  it("error=true turns them into errors", async () => {
    const strict = `# check=error=true\nFROM ${lab.system}\nPRELOAD ${busybox}\n`;
    const { status, error } = await check(strict);
    assert.equal(status, 1);
    assert.match(error ?? "", /^lint violation found for rules: PreloadLatest/);
    const { status: built, stderr } = await tryBuild({ dockerfile: strict, args: plan });
    assert.notEqual(built, 0);
    assert.match(stderr, /failed to solve: lint violation found for rules: PreloadLatest$/m);
    await build({ dockerfile: strict.replace(busybox, `${busybox}:1`), args: plan });
  });

  it("a fault of PRELOAD is the error of a check", async () => {
    const faulty = `FROM ${lab.system}\nARG V\nPRELOAD --platfrom=$V ${busybox}:1\n`;
    const { status, error } = await check(faulty);
    assert.equal(error, 'PRELOAD: unknown flag "--platfrom"; did you mean --platform? (line 4)');
    assert.equal(status, 1);
    const text = await tryBuild({ dockerfile: faulty, args: ["--check"] });
    assert.notEqual(text.status, 0);
    assert.match(text.stdout + text.stderr, /unknown flag "--platfrom"; did you mean --platform\?/);
  });

  it("a clean file has none", async () => {
    assert.deepEqual(await check(`FROM ${lab.system}\nPRELOAD ${busybox}:1\n`), {
      status: 0,
      found: [],
      error: undefined,
    });
  });
});

describe("questions about a file", () => {
  const asking = `# where images are
ARG REGISTRY=${lab.registry}
FROM ${lab.system} AS one
# TAG of the inner image
ARG TAG=1
ARG REGISTRY
# LISTED is what the list names
ARG LISTED=redis
PRELOAD $REGISTRY/busybox:$TAG <<EOF
$REGISTRY/$LISTED
EOF
# the second
FROM one AS two
`;

  it("--call=outline has the arguments that only PRELOAD uses", async () => {
    const { stdout, stderr } = await tryBuild({
      dockerfile: asking,
      args: ["--call", "outline,format=json"],
    });
    const { args } = JSON.parse(stdout || assert.fail(stderr)) as {
      args: { name: string; description?: string; value?: string }[];
    };
    assert.deepEqual(
      args.map(({ name, description = "", value }) => [name, description, value]),
      [
        ["REGISTRY", "", lab.registry],
        ["TAG", "of the inner image", "1"],
        ["LISTED", "is what the list names", "redis"],
      ],
    );
  });

  it("--call=targets has the stages", async () => {
    const { stdout } = await tryBuild({ dockerfile: asking, args: ["--call", "targets,format=json"] });
    const { targets } = JSON.parse(stdout) as { targets: { name: string; default?: boolean }[] };
    assert.deepEqual(
      targets.map(({ name, default: isDefault = false }) => [name, isDefault]),
      [
        ["one", false],
        ["two", true],
      ],
    );
  });

  it("a fault is shown by a build, too", async () => {
    const shows = "PRELOAD --platfrom=x a:1";
    const { message } = await refusal({ dockerfile: `FROM ${lab.system}\n${shows}\n`, shows });
    assert.match(message, /did you mean --platform\?$/);
  });
});
