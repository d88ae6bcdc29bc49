import assert from "node:assert/strict";
import { until } from "../harness/command.js";
import { SystemContainer } from "../harness/system-container.js";
import {
  assertRuns,
  buildSystem,
  innerImage,
  listImages,
  newVolume,
  pushTarget,
  shell,
  systemImage,
} from "./fixture.js";

/** Precedes ctr in PATH. At the given call, it kills all processes instead. */
const killer = `#!/bin/sh
read n </count
echo $((n + 1)) >/count
# It is not among "all" itself.
[ $((n + 1)) != "$KILL_AT" ] || { kill -9 -1; kill -9 $$; }
exec /usr/bin/ctr "$@"
`;

/** Runs attach, which is killed at each call of ctr, until it completes. @returns the number of kills. */
async function attachKilled(image: string, args: readonly string[]): Promise<number> {
  const program = `
    mkdir /w && printf '%s' '${killer}' >/w/ctr && chmod +x /w/ctr
    killed=0
    # One call later each time, and after it what the attaches before have left to do.
    until [ $killed = 100 ]; do
      echo 0 >/count
      (KILL_AT=$((3 + killed)) PATH=/w:$PATH /usr/lib/larder/bin/attach dockerd 2>/said) & wait
      ! grep -qE 'larder: (had )?attached' /said || break
      killed=$((killed + 1))
    done
    echo "killed $killed times; $(cat /said)"`;
  const said = await shell(image, program, { args });
  console.log(`        ${said.trim()}`);
  const killed = /^killed (\d+) times; larder: attached /.exec(said)?.[1];
  assert.ok(killed, said);
  return Number(killed);
}

describe("attach: killed while it adds to a containerd that holds other images", () => {
  let args: string[] = [];

  before("a Docker without anything of Larder's pulls an image", async () => {
    args = await newVolume();
    const plain = await buildSystem("e2e-attach-plain", [], { store: "containerd" });
    const container = await SystemContainer.start(plain, { args, network: "bridge" });
    await container.inner("pull", await pushTarget("newer"));
    await container.remove();
  });

  it("at each call of ctr: it continues from there each time", async () => {
    const killed = await attachKilled(await systemImage({ store: "containerd" }), args);
    assert.ok(killed > 5 && killed < 99, `killed ${killed} times`);
  });

  it("all images are there", async () => {
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

describe("attach: killed while it removes the images of an older system image, and while it brings them back", () => {
  const [odd, second] = [innerImage("odd"), innerImage("second")];
  let images: { older: string; newer: string };
  let args: string[] = [];

  before("the user has a container of an image that only the older one has", async () => {
    await pushTarget("odd");
    await pushTarget("second");
    images = {
      older: await buildSystem("e2e-attach-with-odd", [odd, second], { store: "containerd" }),
      newer: await buildSystem("e2e-attach-without-odd", [second], { store: "containerd" }),
    };
    args = await newVolume();
    const container = await SystemContainer.start(images.older, { args });
    await container.inner("run", "--name", "mine", odd, "sh", "-c", "echo mine >/mine; rm -r /t/kept; ls /");
    await container.remove();
  });

  it("the newer one has its own images in the end", async () => {
    assert.ok((await attachKilled(images.newer, args)) > 3);
    const container = await SystemContainer.start(images.newer, { args });
    await assertRuns(container, "second");
    assert.ok(!(await listImages(container)).includes(odd));
    await container.remove();
  });

  it("the older one has all its images again, and the container its files", async () => {
    assert.ok((await attachKilled(images.older, args)) > 3);
    const container = await SystemContainer.start(images.older, { args });
    await assertRuns(container, "odd", "second");
    // Docker lists the changes in random order.
    const changes = (await container.inner("diff", "mine")).trim().split("\n").sort();
    assert.deepEqual(changes, ["A /mine", "C /t", "D /t/kept"]);
    await container.remove();
  });
});
