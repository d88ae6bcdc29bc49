import assert from "node:assert/strict";
import { type ErrorReport, reportingMount } from "../../agent/job.js";
import { LarderError } from "../../error.js";
import type { Bridge } from "../../gateway/bridge.js";
import type { Step } from "./agent-step.js";
import { explainFailure } from "./failure.js";

const at = (line: number) => ({ start: line, end: line });
const job = "LARDER_JOB=sha256:1";

const step: Step = {
  kind: "stock",
  job,
  subject: 'images "a", "b"',
  images: [
    { subject: 'image "a"', lines: at(3) },
    { subject: 'image "b" (images.txt:7)', lines: at(4) },
  ],
  network: "none",
  security: "insecure",
  lines: { start: 2, end: 5 },
};

/** A step with this job has failed and left this report. */
async function explain(report: ErrorReport, failed: Step): Promise<{ message: string; lines: unknown }> {
  const exec = { meta: { env: [job] }, mounts: [{ dest: "/" }, { dest: reportingMount[failed.kind] }] };
  const value = Buffer.from(JSON.stringify({ mountIDs: ["1", "2"], op: { exec } }));
  const details = [{ type_url: "github.com/moby/buildkit/errdefs.Solve+json", value }];
  const bridge = { containerOutput: async () => Buffer.from(JSON.stringify(report)) };
  const thrown = new LarderError("exit code: 1", { details });
  const { message, lines } = await explainFailure(bridge as unknown as Bridge, thrown, [failed]);
  return { message, lines };
}

describe("explainFailure of a step", () => {
  it("names all its images where none is at fault", async () => {
    assert.deepEqual(await explain({ message: "no room" }, step), {
      message: 'PRELOAD: images "a", "b": no room',
      lines: { start: 2, end: 5 },
    });
  });

  it("names the image that is at fault, with its own line", async () => {
    assert.deepEqual(await explain({ message: "refused", image: 1 }, step), {
      message: 'PRELOAD: image "b" (images.txt:7): refused',
      lines: at(4),
    });
  });

  it("names the only image, whatever the report says", async () => {
    const [only] = step.images;
    assert.ok(only);
    assert.deepEqual(await explain({ message: "refused" }, { ...step, images: [only] }), {
      message: 'PRELOAD: image "a": refused',
      lines: at(3),
    });
  });

  const fetch: Step = {
    ...step,
    kind: "fetch",
    images: step.images.slice(0, 1),
    network: "default",
    mirrored: "PRELOAD --from=mirror.example/library/a:1 a:1",
  };

  it("names the mirror's instruction where a registry cannot be reached", async () => {
    const report = { message: "the registry docker.io cannot be reached", unreachable: true };
    assert.equal(
      (await explain(report, fetch)).message,
      'PRELOAD: image "a": the registry docker.io cannot be reached; to take it from a mirror that can be reached, write ' +
        "PRELOAD --from=mirror.example/library/a:1 a:1",
    );
    assert.equal(
      (await explain(report, { ...fetch, network: "none" })).message,
      'PRELOAD: image "a": the registry docker.io cannot be reached; leave out --network=none',
    );
  });

  it("says nothing of mirrors where the registry answers", async () => {
    assert.equal(
      (await explain({ message: "no such image" }, fetch)).message,
      'PRELOAD: image "a": no such image',
    );
  });
});
