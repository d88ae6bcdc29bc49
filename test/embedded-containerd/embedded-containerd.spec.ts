import assert from "node:assert/strict";
import { innerImage, pushTarget } from "../attach/fixture.js";
import { build } from "../harness/build.js";
import { labImage } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";

const root = "/var/lib/rancher/k3s/agent/containerd@a=1";

/**
 * Takes the place of k3s, for which there is no package here: it starts a containerd by its full path, and only the
 * file that it writes before names the root.
 */
const k3s = `#!/bin/sh
[ "$1" = server ] || exec ctr "$@"
mkdir -p /var/lib/rancher/k3s/agent/etc
printf 'version = 2\\nroot = "${root}"\\n' >/var/lib/rancher/k3s/agent/etc/config.toml
exec /usr/bin/containerd --config /var/lib/rancher/k3s/agent/etc/config.toml
`;

describe("a containerd inside another program, with its root elsewhere: PRELOAD --root", () => {
  const odd = innerImage("odd");
  let tag = "";
  let container: SystemContainer;

  before(async () => {
    await pushTarget("odd");
    tag = "e2e-embedded:1";
    const dockerfile = `FROM ${labImage("containerd:latest")}
COPY --chmod=755 k3s /usr/bin/
COPY k3s.service /etc/systemd/system/
VOLUME /var/lib/rancher/k3s
ENTRYPOINT ["k3s"]
CMD ["server"]
PRELOAD --root=${root} --namespace=k8s.io --blobs=never ${odd}
`;
    const unit = "[Service]\nExecStart=/usr/bin/k3s server\n";
    await build({ tag, dockerfile, files: { k3s, "k3s.service": unit } });
    container = await SystemContainer.start(tag, { daemon: "containerd" });
  });
  after(() => container.remove());

  it("has the images in that root", async () => {
    assert.match(
      await container.logs(),
      new RegExp(`^larder: attached 1 image \\(3 layers\\) to ${root} by link in `, "m"),
    );
    const files = await container.ctr("k8s.io", "run", "--rm", "--net-host", odd, "check");
    assert.equal(files, ". ./again ./again/new ./kept ./kept/stays\n");
    assert.equal((await container.try("test", "-e", "/var/lib/containerd/larder")).status, 1);
  });

  it("attaches for the command that starts it only", async () => {
    const { stderr } = await container.try("k3s", "version");
    assert.doesNotMatch(stderr, /larder:/);
  });

  it("attaches under systemd, too, which starts the program by its full path", async () => {
    const dropIn = await container.exec("cat", "/etc/systemd/system/k3s.service.d/larder.conf");
    assert.match(
      dropIn,
      new RegExp(`^ExecStartPre=-/usr/lib/larder/bin/attach containerd --root=${root}$`, "m"),
    );
  });
});
