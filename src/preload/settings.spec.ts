import assert from "node:assert/strict";
import type { Bridge } from "../gateway/bridge.js";
import { PongResponse } from "../gen/gateway.js";
import { readSettings, type Settings } from "./settings.js";
import { chooseSecurity } from "./steps/privilege.js";

function settings(
  given: {
    args?: Readonly<Record<string, string>>;
    env?: NodeJS.ProcessEnv;
    caps?: Record<string, boolean>;
  } = {},
): Promise<Settings> {
  const LLBCaps = Object.entries(given.caps ?? {}).map(([ID, Enabled]) => ({ ID, Enabled }));
  const bridge: Pick<Bridge, "ping"> = { ping: async () => PongResponse.fromPartial({ LLBCaps }) };
  const args = Object.entries(given.args ?? {}).map(([name, value]) => [`build-arg:${name}`, value]);
  const options = { frontend: Object.fromEntries(args), sessionId: "" };
  return readSettings(bridge as Bridge, options, given.env ?? {});
}

describe("readSettings", () => {
  it("merges if the daemon can; a disabled capability does not count", async () => {
    assert.equal((await settings({ caps: { mergeop: true } })).assembly, "merge");
    assert.equal((await settings({ caps: { mergeop: false } })).assembly, "copy");
    assert.equal((await settings()).assembly, "copy");
  });

  it("takes registries from the build argument and from the frontend image", async () => {
    const { insecureRegistries } = await settings({
      args: { LARDER_INSECURE_REGISTRIES: "a:5000, b" },
      env: { LARDER_INSECURE_REGISTRIES: "c d" },
    });
    assert.deepEqual([...insecureRegistries].sort(), ["a:5000", "b", "c", "d"]);
    assert.equal((await settings()).insecureRegistries.size, 0);
  });

  it("has a budget of layers", async () => {
    assert.equal((await settings()).layerBudget, undefined);
    assert.equal((await settings({ args: { LARDER_LAYERS: "3" } })).layerBudget, 3);
    for (const value of ["0", "121", "2.5", "", "many"]) {
      await assert.rejects(settings({ args: { LARDER_LAYERS: value } }), {
        message: `build argument LARDER_LAYERS="${value}": write a number from 1 to 120`,
      });
    }
  });

  it("asks for a privilege only where a PRELOAD needs one", async () => {
    const { security } = await settings({ args: { LARDER_SECURITY: "nonsense" } });
    assert.throws(() => chooseSecurity("daemon", security), /write auto, sysbox or insecure/);
  });
});
