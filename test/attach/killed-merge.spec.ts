import assert from "node:assert/strict";
import { until } from "../harness/command.js";
import { SystemContainer } from "../harness/system-container.js";
import { assertRuns, buildSystem, newVolume, pushTarget, shell, systemImage } from "./fixture.js";

/** Stands in PATH before ctr; at the given call all processes are killed in its stead. */
const killer = `#!/bin/sh
read n </count
echo $((n + 1)) >/count
[ $((n + 1)) != "$KILL_AT" ] || kill -9 -1
exec /usr/bin/ctr "$@"
`;

describe("attach: killed while it adds to a containerd that holds other images", () => {
  let args: string[] = [];

  before("a Docker without anything of Larder's pulls an image", async () => {
    args = await newVolume();
    const plain = await buildSystem("e2e-attach-plain", [], { store: "containerd" });
    const container = await SystemContainer.start(plain, { args, network: "bridge" });
    await container.inner("pull", await pushTarget("newer"));
    await container.remove();
  });

  it("at each call of ctr: each time it goes on from there", async () => {
    const program = `
      mkdir /w && printf '%s' '${killer}' >/w/ctr && chmod +x /w/ctr
      killed=0
      # The second number changes with what the ones before it have left to do.
      until [ -e /var/lib/docker/containerd/daemon/larder/[0-9a-f]* ] || [ $killed = 100 ]; do
        echo 0 >/count
        (KILL_AT=$((5 + killed % 7)) PATH=/w:$PATH /usr/lib/larder/bin/attach dockerd 2>/said) & wait
        killed=$((killed + 1))
      done
      echo "killed $((killed - 1)) times; $(cat /said)"`;
    const said = await shell(await systemImage({ store: "containerd" }), program, { args });
    console.log(`        ${said.trim()}`);
    const times = Number(/^killed (\d+) times; larder: attached 2 images /.exec(said)?.[1]);
    assert.ok(times > 5 && times < 99, said);
  });

  it("and all images are there", async () => {
    const container = await SystemContainer.start(await systemImage({ store: "containerd" }), { args });
    await assertRuns(container, "odd", "second", "newer");
    await container.inner(
      "rmi",
      "--force",
      ...(await container.inner("image", "ls", "--quiet")).trim().split("\n"),
    );
    assert.equal(await container.inner("image", "ls", "--quiet"), "");
    const address = ["--address", "/run/docker/containerd/containerd.sock"];
    await until("the garbage collection leaves nothing of them", async () => {
      const list = await container.exec("ctr", ...address, "--namespace", "moby", "snapshots", "ls");
      return list.trim().split("\n").length === 1;
    });
    await container.remove();
  });
});
