import assert from "node:assert/strict";
import { assertSentence, refusal } from "../errors/refused.js";
import { lab, labImage } from "../harness/lab.js";
import { buildPlan } from "../harness/plan.js";

const busybox = labImage("busybox:1");
const redis = labImage("redis:latest");
const python = labImage("python:3");

describe("lists of images", () => {
  async function planned(lines: readonly string[], files: Record<string, string> = {}): Promise<string[]> {
    const { plan } = await buildPlan({ dockerfile: [`FROM ${lab.system}`, ...lines].join("\n"), files });
    return plan.cuts.flatMap(({ images }) => images.map(({ name }) => name));
  }

  it("in a heredoc: comments, variables, and images beside it", async () => {
    const lines = [
      `ARG REGISTRY=${lab.registry}`,
      `PRELOAD ${busybox} <<EOF`,
      "# the rest",
      "$REGISTRY/redis:latest",
      `${python} # pinned`,
      "EOF",
      "RUN true",
    ];
    assert.deepEqual(await planned(lines), [busybox, redis, python]);
  });

  it("in files of the context, each image once", async () => {
    const files = { "lists/a.txt": `# one a line\n${busybox}\n\n${redis} # twice\n`, "b.txt": redis };
    assert.deepEqual(await planned(["ARG DIR=lists", "PRELOAD --list=$DIR/a.txt --list=b.txt"], files), [
      busybox,
      redis,
    ]);
  });

  it("in a heredoc with a wrong name: its own line", async () => {
    const dockerfile = `FROM ${lab.system}\nPRELOAD <<EOF\n${busybox}\nFoo\nEOF\n`;
    const { message } = await refusal({ dockerfile, shows: "Foo" });
    assert.equal(message, 'PRELOAD: image "Foo": repository name must be lowercase');
  });

  it("in a file that does not exist, or that .dockerignore leaves out", async () => {
    const preload = "PRELOAD --list=images.txt";
    const dockerfile = `FROM ${lab.system}\n${preload}\n`;
    const said =
      /^PRELOAD: --list="images.txt": the build context has no such file \(.*not found.*\); check the path, and that \.dockerignore/;
    assert.match((await refusal({ dockerfile, shows: preload })).message, said);
    const files = { "images.txt": busybox, ".dockerignore": "*.txt\n" };
    assert.match((await refusal({ dockerfile, shows: preload, files })).message, said);
  });

  it("in a file that names none, or something else", async () => {
    const preload = "PRELOAD --list=images.txt";
    const dockerfile = `FROM ${lab.system}\n${preload}\n`;
    const { message } = await refusal({ dockerfile, shows: preload, files: { "images.txt": "# none\n" } });
    assert.equal(message, 'PRELOAD: --list="images.txt" names no image; write one a line');
    assertSentence(
      await refusal({ dockerfile, shows: preload, files: { "images.txt": "Foo\n" } }),
      "Foo",
      /^repository name must be lowercase$/,
      "images.txt:1",
    );
  });

  it("in a Compose file, with an image that does not exist: its service is named", async () => {
    const shows = "PRELOAD --compose=compose.yaml";
    const unknown = labImage("no/such:1");
    const files = {
      "compose.yaml": `services: { a: { image: "${busybox}" }, b: { image: "${unknown}" } }\n`,
    };
    assertSentence(
      await refusal({ dockerfile: `FROM ${lab.system}\n${shows}\n`, shows, files }),
      unknown,
      /^its registry does not have it/,
      'compose.yaml, service "b"',
    );
  });

  describe("in a Compose file", () => {
    const preload = "PRELOAD --compose=compose.yaml";
    const compose = `x-defaults: &defaults
  image: $REGISTRY/redis:\${TAG:-latest}
  restart: always
services:
  one:
    <<: *defaults
  two: { image: "${python}" }
  three:
    <<: *defaults
    image: \${NAME}:1
  built: { build: . }
`;

    it("of every service, with the variables of the stage", async () => {
      const lines = [`ARG REGISTRY=${lab.registry} TAG`, `ENV NAME=${labImage("busybox")}`, preload];
      const dockerfile = [`FROM ${lab.system}`, ...lines].join("\n");
      const { plan, log } = await buildPlan({ dockerfile, files: { "compose.yaml": compose } });
      const names = plan.cuts.flatMap(({ images }) => images.map(({ name }) => name));
      assert.deepEqual(names, [redis, python, busybox]);
      const warning =
        ' - PreloadCompose: --compose="compose.yaml": "built": built by Compose and not preloaded';
      assert.equal(log.split(warning).length, 2, log);
    });

    it("with included and extended files, and .env", async () => {
      const files = {
        "deploy/compose.yaml": "include: [db/compose.yaml]\nservices: {a: {image: '$REGISTRY/redis:$TAG'}}\n",
        "deploy/.env": `TAG=\${RELEASE:-latest}\nREGISTRY=from.env.example\n`,
        "deploy/db/compose.yaml": "services: {b: {extends: {file: ../../common.yaml, service: base}}}\n",
        "common.yaml": `services: {base: {image: "${python}"}}\n`,
      };
      const lines = [`ARG REGISTRY=${lab.registry}`, "PRELOAD --compose=deploy/compose.yaml"];
      assert.deepEqual(await planned(lines, files), [redis, python]);
    });

    it("with a name that COPY would misread", async () => {
      const name = "my $5 [b] it's.yaml";
      const files = { [name]: `services: {a: {image: "${redis}"}}\n`, "my  b it's.yaml": "no\n" };
      assert.deepEqual(await planned([`PRELOAD --compose="my \\$5 [b] it's.yaml"`], files), [redis]);
    });

    it("is refused outside of the context", async () => {
      const shows = "PRELOAD --compose=../compose.yaml";
      const files = { "compose.yaml": `services: {a: {image: "${redis}"}}\n` };
      const said = await refusal({ dockerfile: `FROM ${lab.system}\n${shows}\n`, shows, files });
      assert.match(
        said.message,
        /^PRELOAD: --compose="\.\.\/compose\.yaml": "\.\.\/compose\.yaml" is outside of the build context; name a file in it$/,
      );
    });

    const refused: [name: string, text: string | undefined, message: RegExp][] = [
      ["that is not there", undefined, /--compose="compose\.yaml": the build context has no such file; /],
      ["that is no YAML", "services: [", /--compose="compose\.yaml": it is not YAML: /],
      ["without services", "version: '3'\n", /it has no services; write services: with an image: for each$/],
      [
        "with a service of no image",
        "services: {a: {restart: always}}\n",
        /service "a" has no image; write image: below/,
      ],
      [
        "of services that are built",
        "services: {a: {build: .}}\n",
        /--compose="compose\.yaml" names no image; give its/,
      ],
      [
        "with a dollar in a name",
        "services: {a: {image: 'x$$y'}}\n",
        /^PRELOAD: --compose="compose\.yaml": service "a": image "x\$y": invalid reference format$/,
      ],
      [
        "with a variable that nobody sets",
        `services: {a: {image: 'redis:\${TAG:?say which}'}}\n`,
        /^PRELOAD: --compose="compose\.yaml": service "a": the variable TAG has to be set: say which$/,
      ],
      [
        "that includes one from elsewhere",
        "include: [https://github.com/a/b.git]\n",
        /^PRELOAD: --compose="compose\.yaml": include: "https:.*" is elsewhere; PRELOAD reads files of the build context only$/,
      ],
      [
        "that includes one that is not there",
        "include: [db/compose.yaml]\n",
        /^PRELOAD: --compose="compose\.yaml": compose\.yaml names db\/compose\.yaml: the build context has no such file; /,
      ],
    ];
    for (const [name, text, message] of refused) {
      it(`is refused: ${name}`, async () => {
        const files: Record<string, string> = text === undefined ? {} : { "compose.yaml": text };
        const said = await refusal({ dockerfile: `FROM ${lab.system}\n${preload}\n`, shows: preload, files });
        assert.match(said.message, message);
        assert.doesNotMatch(said.message, /\n/);
      });
    }
  });
});
