import assert from "node:assert/strict";
import { chooseSecurity, chooseVia, isSysbox, viaForPodman } from "./privilege.js";

const never = (): boolean => assert.fail("asked what a sandbox can do");

describe("viaForPodman", () => {
  it("is always direct, without a question", () => {
    for (const choice of [undefined, "auto", "direct"]) assert.equal(viaForPodman(choice), "direct");
  });

  it("refuses the daemon way, and a mistyped one", () => {
    assert.throws(() => viaForPodman("daemon"), /^LarderError: Podman has no daemon .* say --via=direct/);
    assert.throws(() => viaForPodman("x"), /write auto, direct or daemon/);
  });
});

describe("chooseSecurity", () => {
  it("takes sysbox if a sandbox can mount, else insecure", () => {
    for (const choice of [undefined, "auto"]) {
      assert.equal(
        chooseSecurity("daemon", choice, () => true),
        "sysbox",
      );
      assert.equal(
        chooseSecurity("daemon", choice, () => false),
        "insecure",
      );
    }
  });

  it("takes the value that it is given", () => {
    assert.equal(chooseSecurity("daemon", "sysbox", never), "sysbox");
    assert.equal(chooseSecurity("daemon", "insecure", never), "insecure");
  });

  it("asks for no privilege where no daemon runs", () => {
    assert.equal(
      chooseSecurity("direct", "insecure", () => false),
      "none",
    );
    assert.equal(
      chooseSecurity("direct", undefined, () => true),
      "sysbox",
    );
  });

  for (const choice of ["", "Auto", "none"]) {
    it(`refuses "${choice}"`, () => {
      assert.throws(() => chooseSecurity("daemon", choice, never), {
        message: `build argument LARDER_SECURITY="${choice}": write auto, sysbox or insecure`,
      });
    });
  }
});

describe("chooseVia", () => {
  it("takes the daemon where a sandbox can mount, else the direct way", () => {
    for (const choice of [undefined, "auto"]) {
      assert.equal(
        chooseVia(choice, () => true),
        "daemon",
      );
      assert.equal(
        chooseVia(choice, () => false),
        "direct",
      );
    }
    assert.equal(chooseVia("daemon", never), "daemon");
    assert.equal(chooseVia("direct", never), "direct");
  });

  it("refuses other words", () => {
    assert.throws(() => chooseVia("Direct", never), {
      message: 'build argument LARDER_VIA="Direct": write auto, direct or daemon',
    });
  });
});

describe("isSysbox", () => {
  const own = "         0     165536      65536\n";
  const hosts = "         0          0 4294967295\n";
  const proc = "700 690 0:70 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw\n";
  const root = "690 600 0:65 / / rw,relatime - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w\n";
  const served =
    "712 700 0:48 /proc/uptime /proc/uptime rw,nosuid,nodev,relatime shared:9 - fuse sysboxfs rw,user_id=0,group_id=0,default_permissions,allow_other\n";
  // lxcfs serves the same files in containers of LXD.
  const lxcfs =
    "712 700 0:48 /proc/uptime /proc/uptime rw,nosuid,nodev,relatime - fuse.lxcfs lxcfs rw,user_id=0,group_id=0,allow_other\n";

  for (const [name, uidMap, mounts, expected] of [
    ["sysbox-runc", own, root + proc + served, true],
    [
      "the lab's stand-in",
      own,
      `${root}${proc}${served.replace("/proc/uptime", "/").replace(" shared:9", "")}`,
      true,
    ],
    ["runc", hosts, root + proc, false],
    ["rootless BuildKit", "0 1000 1\n1 100000 65536\n", root + proc, false],
    ["a remap of users under LXD", own, root + proc + lxcfs, false],
    [
      "the host of a Sysbox",
      hosts,
      `${root}${proc}712 690 0:48 / /var/lib/sysboxfs/abc rw - fuse sysboxfs rw\n`,
      false,
    ],
    [
      "a container that sees the host's sysbox-fs",
      own,
      `${root}712 690 0:48 / /var/lib/sysboxfs rw - fuse sysboxfs rw\n`,
      false,
    ],
  ] as const) {
    it(`${expected ? "is" : "is not"} ${name}`, () => assert.equal(isSysbox(uidMap, mounts), expected));
  }
});
