import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Answers, FakeBuilder, Refusal } from "../test/harness/fake-builder.js";
import { Result, type ReturnRequest, type SolveRequest } from "./gen/gateway.js";

/** Faults of the builder that no engine can be made to show. */
describe("frontend", function () {
  this.timeout(20_000);

  interface Ended {
    readonly status: number | null;
    readonly returned: readonly ReturnRequest[];
    readonly stderr: string;
  }

  const folder = mkdtempSync(join(tmpdir(), "larder-main-"));
  const bundle = join(folder, "frontend.mjs");
  before(async () => {
    const js = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
    const entry = fileURLToPath(new URL("main.ts", import.meta.url));
    const form = { bundle: true, platform: "node", format: "esm", banner: { js } } as const;
    await build({ ...form, entryPoints: [entry], outfile: bundle });
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Runs the frontend as BuildKit does: options in the environment, the bridge on stdin and stdout. */
  async function runFrontend(answers: (builder: () => FakeBuilder) => Answers): Promise<Ended> {
    const builder: FakeBuilder = await FakeBuilder.start(answers(() => builder));
    try {
      const child = spawn(process.execPath, [bundle], {
        env: {
          ...process.env,
          BUILDKIT_FRONTEND_OPT_0: "cmdline=larder",
          BUILDKIT_FRONTEND_OPT_1: "target=x",
        },
      });
      const { input, output } = builder.pipes();
      input.pipe(child.stdin);
      child.stdin.on("error", () => undefined);
      child.stdout.pipe(output);
      const stderr: Buffer[] = [];
      child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
      const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
      return { status, returned: builder.returned, stderr: Buffer.concat(stderr).toString("utf8") };
    } finally {
      builder.stop();
    }
  }

  const ref = (id: string): Result => Result.fromPartial({ result: { $case: "ref", value: { id } } });
  const built = Result.fromPartial({
    ...ref("image"),
    metadata: { "containerimage.config": Buffer.from("{}") },
  });

  /** A builder that does all right, with a Dockerfile that has no PRELOAD. */
  function sound(requests: SolveRequest[] = [], dockerfile = "FROM scratch AS x\n"): Answers {
    return {
      inputs: () => ({}),
      readFile: (_, path) => {
        if (path === "Dockerfile") return Buffer.from(dockerfile);
        throw new Refusal(`open ${path}: no such file or directory`);
      },
      solve: (request) => {
        requests.push(request);
        return request.Frontend ? built : ref("dockerfile");
      },
    };
  }

  for (const [what, text] of [
    ["without PRELOAD", "FROM scratch AS x\n"],
    ["that has the word, but no such instruction", "FROM scratch AS x\n# PRELOAD x\nLABEL preload=x\n"],
  ] as const) {
    it(`hands a Dockerfile ${what} on, untouched, and the answer back, untouched`, () => handsOn(text));
  }

  async function handsOn(text: string): Promise<void> {
    const requests: SolveRequest[] = [];
    const { status, returned } = await runFrontend(() => sound(requests, text));
    assert.equal(status, 0);
    assert.deepEqual(returned, [{ result: built, error: undefined }]);
    const stock = requests.filter(({ Frontend }) => Frontend);
    assert.deepEqual(
      stock.map(({ Frontend, FrontendOpt, FrontendInputs }) => ({ Frontend, FrontendOpt, FrontendInputs })),
      [{ Frontend: "dockerfile.v0", FrontendOpt: { cmdline: "larder", target: "x" }, FrontendInputs: {} }],
    );
  }

  it("returns the error of a solve that has no result", async () => {
    const { status, returned } = await runFrontend(() => ({ ...sound(), solve: () => undefined }));
    assert.equal(status, 0);
    assert.deepEqual(
      returned.map(({ result, error }) => [result, error?.code, error?.message]),
      [[undefined, 2, "the builder answered a solve without a result"]],
    );
  });

  it("returns the error where the result is refused", async () => {
    const { status, returned } = await runFrontend(() => ({
      ...sound(),
      return: ({ result }) => {
        if (result) throw new Refusal("return reference image not found");
      },
    }));
    assert.equal(status, 0);
    assert.deepEqual(
      returned.map(({ result, error }) => [result !== undefined, error?.message]),
      [
        [true, undefined],
        [false, "return reference image not found"],
      ],
    );
  });

  it("ends with a failure where nothing can be returned", async () => {
    const { status, returned, stderr } = await runFrontend(() => ({
      ...sound(),
      return: () => {
        throw new Refusal("gateway result is already set");
      },
    }));
    assert.equal(status, 1);
    assert.equal(returned.length, 2);
    assert.match(stderr, /gateway result is already set/);
  });

  it("ends with a failure where the builder breaks off", async () => {
    const { status, returned } = await runFrontend((builder) => ({
      ...sound(),
      inputs: () => {
        builder().breakOff();
        return {};
      },
    }));
    assert.equal(status, 1);
    assert.deepEqual(returned, []);
  });
});
