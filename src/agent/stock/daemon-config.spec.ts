import assert from "node:assert/strict";
import { selectSettings } from "./daemon-config.js";

describe("selectSettings", () => {
  it("keeps the settings that decide on the store, and none that may clash with the step", () => {
    const settings = {
      "storage-driver": "overlay2",
      features: { "containerd-snapshotter": false },
      "data-root": "/mnt",
      hosts: ["tcp://0.0.0.0"],
      "exec-opts": ["native.cgroupdriver=systemd"],
    };
    assert.deepEqual(selectSettings(settings), {
      "storage-driver": "overlay2",
      features: { "containerd-snapshotter": false },
    });
  });

  it("refuses a remapped data root", () => {
    assert.throws(() => selectSettings({ "userns-remap": "default" }), /sets userns-remap/);
  });
});
