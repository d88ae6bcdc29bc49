import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Answers, FakeBuilder, Refusal } from "../test/harness/fake-builder.js";
import { Result, type ReturnRequest, type SolveRequest } from "./gen/gateway.js";
import { Definition } from "./gen/ops.js";

/** Faults of the builder that no real engine shows on demand. */
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

  const asked = { cmdline: "larder", target: "x" };

  /** Runs the frontend as BuildKit does: options in the environment, the bridge on stdin and stdout. */
  async function runFrontend(
    answers: (builder: () => FakeBuilder) => Answers,
    options: Readonly<Record<string, string>> = asked,
  ): Promise<Ended> {
    const builder: FakeBuilder = await FakeBuilder.start(answers(() => builder));
    const variables = Object.entries(options).map(([key, value], n) => [
      `BUILDKIT_FRONTEND_OPT_${n}`,
      `${key}=${value}`,
    ]);
    try {
      const child = spawn(process.execPath, [bundle], {
        env: { ...process.env, ...Object.fromEntries(variables) },
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

  /** A builder without faults, with a Dockerfile that has no PRELOAD. */
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

  it("makes the answer its own where provenance is asked for, for one platform and for several", async () => {
    const def = (name: string) => Definition.fromPartial({ def: [Buffer.from(name)] });
    const given = Result.fromPartial({
      result: {
        $case: "refs",
        value: {
          refs: { a: { id: "1", def: def("a") }, b: { id: "2", def: def("b") }, scratch: { id: "" } },
        },
      },
      metadata: { "refs.platforms": Buffer.from("{}") },
    });
    const answers = (answer: Result): Answers => ({
      ...sound(),
      solve: ({ Frontend, Definition }) => {
        if (Frontend) return answer;
        const [op] = Definition?.def ?? [];
        return ref(`own ${op?.length === 1 ? op : ""}`);
      },
    });
    const options = { ...asked, "attest:provenance": "mode=max" };
    const several = await runFrontend(() => answers(given), options);
    const [{ result }] = several.returned as [ReturnRequest];
    assert.ok(result?.result?.$case === "refs");
    const ids = Object.entries(result.result.value.refs).map(([platform, { id }]) => [platform, id]);
    assert.deepEqual(ids.sort(), [
      ["a", "own a"],
      ["b", "own b"],
      ["scratch", ""],
    ]);
    assert.deepEqual(result.metadata, given.metadata);

    const single = Result.fromPartial({ result: { $case: "ref", value: { id: "1", def: def("c") } } });
    const one = await runFrontend(() => answers(single), options);
    assert.deepEqual(one.returned, [{ result: ref("own c"), error: undefined }]);
  });

  it("hands the build to the frontend that the file names, where the client has named this one", async () => {
    const requests: SolveRequest[] = [];
    const file = "# syntax=other:1 --x\nFROM scratch\nPRELOAD a\n";
    const { returned } = await runFrontend(() => sound(requests, file), { source: "larder", target: "x" });
    assert.deepEqual(returned, [{ result: built, error: undefined }]);
    assert.deepEqual(
      requests.flatMap(({ Frontend, FrontendOpt }) => (Frontend ? [[Frontend, FrontendOpt]] : [])),
      [["gateway.v0", { source: "other:1", cmdline: "other:1 --x", target: "x" }]],
    );
  });

  it("leaves the error about an empty folder for the Dockerfile to upstream", async () => {
    const requests: SolveRequest[] = [];
    const { returned } = await runFrontend(() => ({
      ...sound(requests),
      inputs: () => ({ dockerfile: Definition.fromPartial({}) }),
      solve: (request) => {
        if (request.Frontend) throw new Refusal("upstream's words");
        return ref((request.Definition?.def ?? []).length > 0 ? "dockerfile" : "");
      },
    }));
    assert.deepEqual(
      returned.map(({ error }) => error?.message),
      ["upstream's words"],
    );
  });

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
