import assert from "node:assert/strict";
import type { ImageConfig } from "../image/config.js";
import { probeInstruction, readProbe } from "./probe.js";

describe("probe", () => {
  const probe = { words: [`redis:\${V:-7}`, '"a b"'], variables: ["V"] };

  it("is one LABEL with the words as they are written", () => {
    assert.equal(
      probeInstruction(probe),
      `LABEL io.larder.probe.asked=1 io.larder.probe.word.0=redis:\${V:-7} io.larder.probe.word.1="a b" ` +
        `io.larder.probe.value.V="\${V}" io.larder.probe.set.V="\${V+1}"`,
    );
  });

  const config = (labels: Record<string, string>): ImageConfig => ({
    os: "linux",
    config: { Env: ["A=b"], Labels: { "io.larder.probe.asked": "1", ...labels } },
    history: [{ created_by: "FROM" }, { created_by: "LABEL" }],
  });

  it("reads the words, and the variables that are set", () => {
    const labels = { "io.larder.probe.word.0": "redis:8", "io.larder.probe.word.1": "a b" };
    const set = readProbe(
      probe,
      config({ ...labels, "io.larder.probe.value.V": "", "io.larder.probe.set.V": "1" }),
    );
    assert.deepEqual(set.words, ["redis:8", "a b"]);
    assert.deepEqual([...set.variables], [["V", ""]]);
    const unset = readProbe(
      probe,
      config({ ...labels, "io.larder.probe.value.V": "", "io.larder.probe.set.V": "" }),
    );
    assert.deepEqual([...unset.variables], []);
  });

  it("gives the config without the probe", () => {
    const answer = readProbe({ words: [], variables: [] }, config({ mine: "x" }));
    assert.deepEqual(answer.config, {
      os: "linux",
      config: { Env: ["A=b"], Labels: { mine: "x" } },
      history: [{ created_by: "FROM" }],
    });
    assert.deepEqual(readProbe({ words: [], variables: [] }, config({})).config.config, { Env: ["A=b"] });
  });
});
