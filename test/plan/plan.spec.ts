import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "../harness/build.js";
import { assertGolden } from "../harness/golden.js";
import { engineNames, lab } from "../harness/lab.js";

const folder = new URL("./", import.meta.url);
const cases = readdirSync(folder).filter((name) => statSync(new URL(name, folder)).isDirectory());

/** The plan of a Dockerfile; nothing runs for it. */
async function plan(engine: (typeof engineNames)[number], dockerfile: string): Promise<string> {
  const out = mkdtempSync(join(tmpdir(), "larder-plan-"));
  try {
    const values = ["LARDER_PLAN=1", `REGISTRY=${lab.registry}`, `SYSTEM=${lab.system}`];
    const args = [...values.flatMap((value) => ["--build-arg", value]), "--output", `type=local,dest=${out}`];
    await build({ engine, dockerfile, args });
    return readFileSync(join(out, "plan.json"), "utf8");
  } finally {
    rmSync(out, { recursive: true });
  }
}

/** The lab's images differ from day to day, so their digests become numbers in the order of their appearance. */
function normalise(text: string): string {
  const numbers = new Map<string, number>();
  return text
    .replaceAll(/sha256:[0-9a-f]{64}/g, (digest) => {
      if (!numbers.has(digest)) numbers.set(digest, numbers.size + 1);
      return `sha256:#${numbers.get(digest)}`;
    })
    .replaceAll(lab.system, "SYSTEM")
    .replaceAll(lab.registry, "REGISTRY");
}

describe("plan.json", () => {
  for (const name of cases) {
    for (const engine of engineNames) {
      it(`${name}, ${engine}`, async () => {
        const dockerfile = readFileSync(new URL(`${name}/Dockerfile`, folder), "utf8");
        const text = normalise(await plan(engine, dockerfile));
        // The engines differ in one thing: the way of the layers onto the stage.
        const assembly = engine === "containerd" ? "merge" : "copy";
        assertGolden(
          new URL(`${name}/plan.golden`, folder),
          text.replaceAll(`"assembly": "${assembly}"`, '"assembly": "*"'),
        );
      });
    }
  }
});
