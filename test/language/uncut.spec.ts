import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "../harness/build.js";
import { output } from "../harness/command.js";
import { lab, labImage } from "../harness/lab.js";

const busybox = labImage("busybox");
const values = "$INHERITED|$GIVEN|$BOTH|$HIDDEN|$HIDES|$OWN|$PWD";
const dockerfile = `FROM ${lab.system} AS base
ARG INHERITED=from\\ base GIVEN=no BOTH=arg
ENV BOTH=env HIDDEN=env HIDES=env
ARG HIDDEN=arg
SHELL ["/bin/bash", "-ec"]
WORKDIR /one
LABEL above=1 shared=above
USER 1:1
ONBUILD RUN \\
  # a trigger of several lines
  echo trigger
ONBUILD COPY <<EOF /here
# a document
EOF
CMD echo overwritten
CMD echo cmd "$BOTH"
USER 0
RUN echo "${values}" >/one/base-above
PRELOAD ${busybox}
WORKDIR two
RUN echo "${values}" >/one/base-below
ENTRYPOINT ["entry", "point"]
ENV BELOW=\${HIDES}-\${HIDDEN}
LABEL below="$GIVEN" shared=below
EXPOSE 80/tcp
VOLUME /volume
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s CMD echo healthy

# First and last in a stage, and twice in a row; the stage below is cut, too.
FROM base AS child
PRELOAD ${busybox}
PRELOAD ${busybox}:1
ARG OWN="it's \\"quoted\\" \\$HOME \\\\ x" INHERITED
ENV INHERITED=hides BOTH=\${OWN}
RUN echo "${values}" >/one/child-above
USER nobody
WORKDIR /three
ENTRYPOINT exec /entry
PRELOAD ${busybox}:latest

FROM child AS grandchild
USER 0
RUN echo "${values}" >/one/grandchild
CMD ["last"]

FROM scratch
COPY --from=grandchild /one /
`;

interface Config {
  readonly config: Record<string, unknown> & { readonly Labels: Record<string, string> };
  readonly history: readonly {
    readonly created_by: string;
    readonly comment: string;
    readonly empty_layer?: boolean;
  }[];
}

/** The same file and the same build arguments, with Larder or without it and its lines. */
class Variant {
  readonly #larder: boolean;
  readonly #dockerfile: string;

  constructor(larder: boolean) {
    this.#larder = larder;
    this.#dockerfile = larder ? dockerfile : dockerfile.replaceAll(/^PRELOAD .*/gm, "");
  }

  async config(target: string): Promise<Config> {
    const tag = labImage(`e2e/uncut-${target}:${this.#larder ? "larder" : "stock"}`);
    await this.#build(["--target", target, "--tag", tag, "--push"]);
    const text = await output(lab.skopeo, [
      "inspect",
      "--tls-verify=false",
      "--config",
      "--raw",
      `docker://${tag}`,
    ]);
    return JSON.parse(text) as Config;
  }

  async files(names: readonly string[]): Promise<string[]> {
    const folder = mkdtempSync(join(tmpdir(), "larder-uncut-"));
    try {
      await this.#build(["--output", `type=local,dest=${folder}`]);
      return names.map((name) => readFileSync(join(folder, name), "utf8"));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  async #build(args: readonly string[]): Promise<void> {
    const given = ["--build-arg", "GIVEN=given", ...args];
    await build({ larder: this.#larder, dockerfile: this.#dockerfile, args: given });
  }
}

describe("a stage with PRELOAD comes out as if it had never been cut", () => {
  const [larder, stock] = [new Variant(true), new Variant(false)];

  for (const target of ["base", "child", "grandchild"]) {
    describe(target, () => {
      let ours: Config;
      let theirs: Config;
      before(async () => {
        ours = await larder.config(target);
        theirs = await stock.config(target);
      });

      it("has the same config, but for Larder's label", () => {
        const { "io.larder.preload": preload, ...Labels } = ours.config.Labels;
        assert.ok(preload);
        assert.deepEqual({ ...ours.config, Labels }, theirs.config);
      });

      it("has the same history, but for Larder's lines", () => {
        const lines = ({ history }: Config) =>
          history
            .filter(({ comment }) => comment !== "larder")
            .map(({ created_by, comment, empty_layer }) => [created_by, comment, empty_layer ?? false]);
        assert.deepEqual(lines(ours), lines(theirs));
        assert.notEqual(ours.history.length, theirs.history.length);
      });
    });
  }

  it("has the same variables in its RUNs", async () => {
    const names = ["base-above", "base-below", "child-above", "grandchild"];
    const [ours, theirs] = [await larder.files(names), await stock.files(names)];
    assert.deepEqual(ours, theirs);
  });
});
