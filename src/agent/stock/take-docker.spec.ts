import assert from "node:assert/strict";
import { storeOf } from "./take-docker.js";

const containerd = [["driver-type", "io.containerd.snapshotter.v1"]] as const;

describe("the store that Docker reports", () => {
  const ServerVersion = "28.5.2";

  it("is the graph driver overlay2, or containerd's with the snapshotter overlayfs", () => {
    assert.equal(
      storeOf({ ServerVersion, Driver: "overlay2", DriverStatus: [["Backing Filesystem", "extfs"]] }),
      "overlay2",
    );
    assert.equal(storeOf({ ServerVersion, Driver: "overlayfs", DriverStatus: containerd }), "containerd");
  });

  for (const [Driver, DriverStatus] of [
    ["vfs", null],
    ["native", containerd],
    ["overlayfs", null],
    ["overlay2", containerd],
  ] as const) {
    it(`is none that PRELOAD knows: ${Driver}${DriverStatus ? " in containerd" : ""}`, () => {
      assert.throws(
        () => storeOf({ ServerVersion, Driver, DriverStatus }),
        new RegExp(
          `Docker 28.5.2 keeps images in the store "${Driver}", and PRELOAD knows overlay2 and containerd's overlayfs`,
        ),
      );
    });
  }
});
