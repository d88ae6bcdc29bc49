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

  const daemons = {
    overlay2: { ServerVersion, Driver: "overlay2", DriverStatus: null },
    containerd: { ServerVersion, Driver: "overlayfs", DriverStatus: containerd },
  };

  it("may be named by PRELOAD", () => {
    for (const store of ["overlay2", "containerd"] as const)
      assert.equal(storeOf(daemons[store], store), store);
  });

  it("is not the one that PRELOAD names", () => {
    assert.throws(
      () => storeOf(daemons.overlay2, "containerd"),
      /^LarderError: the stage's Docker 28\.5\.2 keeps images in its graph driver overlay2, and --store=docker-containerd names its containerd: write \{"features":\{"containerd-snapshotter":true\}\} into its \/etc\/docker\/daemon\.json above PRELOAD, leave the flag out, or say --via=direct/,
    );
    assert.throws(
      () => storeOf(daemons.containerd, "overlay2"),
      /--store=docker-overlay2 names .*: write \{"features":\{"containerd-snapshotter":false\}\} into/,
    );
  });

  it("cannot be the one that PRELOAD names before Docker had it", () => {
    assert.throws(
      () => storeOf({ ...daemons.overlay2, ServerVersion: "20.10.24" }, "containerd"),
      /names its containerd, which Docker has since version 23: leave the flag out$/,
    );
  });

  it("is one that PRELOAD does not know, whichever it names", () => {
    assert.throws(
      () => storeOf({ ServerVersion, Driver: "vfs", DriverStatus: null }, "overlay2"),
      /keeps images in the store "vfs"/,
    );
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
