import assert from "node:assert/strict";
import { lab, labImage } from "../harness/lab.js";
import { assertSentence, refusal } from "./refused.js";

const busybox = labImage("busybox:1");
const preload = `PRELOAD ${busybox}`;

/** A RUN that puts a shell program where the stage's daemon was. */
function otherDockerd(program: string): string {
  return `RUN rm /usr/sbin/dockerd && echo '#!/bin/sh\\n${program}' >/usr/sbin/dockerd && chmod +x /usr/sbin/dockerd`;
}

describe("errors: the stage", () => {
  it("no container manager in it", async () => {
    const dockerfile = `FROM ${labImage("debian:trixie")}\n${preload}\n`;
    assertSentence(
      await refusal({ dockerfile, shows: preload }),
      busybox,
      /^no container manager in the stage: looked for dockerd and containerd in \/usr\/local\/sbin, .*; install one of them above PRELOAD$/,
    );
  });

  it("names all images of the instruction", async () => {
    const python = labImage("python:3");
    const both = `${preload} ${python}`;
    const { message } = await refusal({
      dockerfile: `FROM ${labImage("debian:trixie")}\n${both}\n`,
      shows: both,
    });
    assert.ok(message.startsWith(`PRELOAD: images "${busybox}", "${python}": no container manager`), message);
  });

  it("a container manager that does not come up: its last log lines", async () => {
    const config = `RUN mkdir -p /etc/docker && echo '{"storage-driver":"nonsense"}' >/etc/docker/daemon.json`;
    const { message, log } = await refusal({
      dockerfile: `FROM ${lab.system}\n${config}\n${preload}\n`,
      shows: preload,
    });
    const [first, ...last] = message.split("\n");
    assert.equal(
      first,
      `PRELOAD: image "${busybox}": the stage's container manager did not come up (exit code 1); its last log lines:`,
    );
    assert.ok(last.length >= 2 && last.length <= 20, log);
    assert.match(last.at(-1) ?? "", /nonsense/);
  });

  it("a container manager that says more than 20 lines: the last of them", async () => {
    const dockerd = otherDockerd(
      '[ "$1" != --help ] || exit 0; for i in $(seq 1 30); do echo line $i; done; exit 3',
    );
    const { message } = await refusal({
      dockerfile: `FROM ${lab.system}\n${dockerd}\n${preload}\n`,
      shows: preload,
    });
    const [first, ...last] = message.split("\n");
    assert.match(first ?? "", /did not come up \(exit code 3\); its last log lines:$/);
    assert.deepEqual(
      last,
      Array.from({ length: 20 }, (_, index) => `line ${index + 11}`),
    );
  });

  it("a container manager that cannot be run", async () => {
    const dockerd = otherDockerd("echo dockerd: wrong kind of machine >&2; exit 126");
    assertSentence(
      await refusal({ dockerfile: `FROM ${lab.system}\n${dockerd}\n${preload}\n`, shows: preload }),
      busybox,
      /^the stage's container manager \/usr\/sbin\/dockerd cannot be run \(.*wrong kind of machine\): install one for /,
    );
  });

  it("a container manager that Larder's own cannot come before", async () => {
    const move = "RUN mv /usr/sbin/dockerd /usr/local/sbin/";
    assertSentence(
      await refusal({ dockerfile: `FROM ${lab.system}\n${move}\n${preload}\n`, shows: preload }),
      busybox,
      /^no directory comes before \/usr\/local\/sbin in the stage's PATH .*: say ENV PATH=\/usr\/local\/larder\/bin:\$PATH above PRELOAD$/,
    );
  });
});
