import assert from "node:assert/strict";
import { chooseSecurity } from "./privilege.js";

const never = (): boolean => assert.fail("asked what a sandbox can do");

describe("chooseSecurity", () => {
  it("takes sysbox if a sandbox can mount, else insecure", () => {
    for (const choice of [undefined, "auto"]) {
      assert.equal(
        chooseSecurity(choice, () => true),
        "sysbox",
      );
      assert.equal(
        chooseSecurity(choice, () => false),
        "insecure",
      );
    }
  });

  it("takes the value that it is given", () => {
    assert.equal(chooseSecurity("sysbox", never), "sysbox");
    assert.equal(chooseSecurity("insecure", never), "insecure");
  });

  for (const choice of ["", "Auto", "none"]) {
    it(`refuses "${choice}"`, () => {
      assert.throws(() => chooseSecurity(choice, never), {
        message: `build argument LARDER_SECURITY="${choice}": write auto, sysbox or insecure`,
      });
    });
  }
});
