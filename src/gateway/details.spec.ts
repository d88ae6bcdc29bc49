import assert from "node:assert/strict";
import { LarderError } from "../error.js";
import { failedSolve, jsonDetail, typePrefix } from "./details.js";

describe("failedSolve", () => {
  it("finds the remains of a failed step", () => {
    const solve = { mountIDs: ["m"], op: { exec: { meta: { env: ["A=b"] }, mounts: [{ dest: "/" }] } } };
    const details = [
      jsonDetail(`${typePrefix}errdefs.Vertex+json`, {}),
      jsonDetail(`${typePrefix}errdefs.Solve+json`, solve),
    ];
    assert.deepEqual(failedSolve(new LarderError("m", { details })), solve);
    assert.equal(failedSolve(new LarderError("m")), undefined);
  });
});
