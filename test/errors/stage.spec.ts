import assert from "node:assert/strict";
import { lab, labImage } from "../harness/lab.js";
import { assertSentence, type RefusedBuild, refusal as refusalBy } from "./refused.js";

const busybox = labImage("busybox:1");
const preload = `PRELOAD ${busybox}`;

/** The stage's manager is run by the daemon way alone. */
const refusal = (build: RefusedBuild) => refusalBy({ ...build, via: "daemon" });

/** A RUN that replaces the stage's daemon with a shell program. */
function otherDockerd(program: string): string {
  return `RUN rm /usr/sbin/dockerd && echo '#!/bin/sh\\n${program}' >/usr/sbin/dockerd && chmod +x /usr/sbin/dockerd`;
}

describe("errors: the stage", () => {
  it("no container manager in it", async () => {
    const dockerfile = `FROM ${labImage("debian:trixie")}\n${preload}\n`;
    assertSentence(
      await refusal({ dockerfile, shows: preload }),
      busybox,
      /^no container manager in the stage: looked for dockerd, podman and containerd in \/usr\/local\/sbin, .*; install one of them above PRELOAD/,
    );
  });

  it("names three images of the instruction, and the number of the others", async () => {
    const [python, pause, redis] = ["python:3", "pause:3", "redis:latest"].map(labImage);
    const shows = `${preload} ${python} ${pause} ${redis}`;
    const { message } = await refusal({
      dockerfile: `FROM ${labImage("debian:trixie")}\n${shows}\n`,
      shows,
    });
    const named = `images "${busybox}", "${python}", "${pause}" and 1 more`;
    assert.ok(message.startsWith(`PRELOAD: ${named}: no container manager`), message);
  });

  it("a container manager that lacks a library", async () => {
    const remove = "RUN rm /usr/lib/*/libsystemd.so.0";
    assertSentence(
      await refusal({ dockerfile: `FROM ${lab.system}\n${remove}\n${preload}\n`, shows: preload }),
      busybox,
      /^the stage's container manager \/usr\/sbin\/dockerd cannot be run \(.*error while loading shared libraries: .*\): it lacks files that it needs: mend it in the base image, or above PRELOAD$/,
    );
  });

  it("a containerd that cannot read its own configuration", async () => {
    const containerd =
      "RUN mv /usr/bin/containerd /usr/bin/real && " +
      "printf '%s\\n' '#!/bin/sh' '[ \"$1\" = --version ] || set -- --config /etc/hostname.toml' 'exec real \"$@\"' >/usr/bin/containerd && " +
      "chmod +x /usr/bin/containerd && echo 'version = [' >/etc/hostname.toml";
    const stage = labImage("containerd:latest");
    assertSentence(
      await refusal({ dockerfile: `FROM ${stage}\n${containerd}\n${preload}\n`, shows: preload }),
      busybox,
      /^the stage's container manager did not come up \(exit code 1\): containerd: failed to .* TOML.*; mend it in the base image, or above PRELOAD$/,
    );
  });

  it("a container manager that does not come up: its reason", async () => {
    const config = `RUN mkdir -p /etc/docker && echo '{"storage-driver":"nonsense"}' >/etc/docker/daemon.json`;
    const refused = await refusal({
      dockerfile: `FROM ${lab.system}\n${config}\n${preload}\n`,
      shows: preload,
    });
    assertSentence(
      refused,
      busybox,
      /^the stage's container manager did not come up \(exit code 1\): failed to start daemon: .*driver.* nonsense; mend it in the base image, or above PRELOAD$/,
    );
    // The other lines are in the step's own log.
    assert.match(refused.log, /^#\d+ \S+ time=\S+ level=info /m);
  });

  it("a container manager that does not find its containerd", async () => {
    const remove = "RUN rm $(command -v containerd)";
    assertSentence(
      await refusal({ dockerfile: `FROM ${lab.system}\n${remove}\n${preload}\n`, shows: preload }),
      busybox,
      /^the stage's container manager did not come up \(exit code 1\): failed to start containerd: exec: "containerd": executable file not found in \$PATH; mend it in the base image, or above PRELOAD$/,
    );
  });

  it("a container manager that dies while it takes the images in", async () => {
    // A program in its place, which starts it, and kills it when the images come.
    const dockerd = [
      "RUN mv /usr/sbin/dockerd /usr/sbin/dockerd.real && printf '%s\\n' '#!/bin/sh' " +
        "'[ \"$1\" != --help ] || exec dockerd.real --help' 'dockerd.real \"$@\" &' " +
        "'until ls /run/larder/data/tmp/docker-import-* /run/larder/data/image/overlay2/layerdb/tmp/* >/dev/null 2>&1; do sleep 0.01; done' " +
        "'kill -9 $!; echo panic: enough; exit 2' >/usr/sbin/dockerd && chmod +x /usr/sbin/dockerd",
    ].join("");
    const shows = `PRELOAD ${labImage("python:3")}`;
    assertSentence(
      await refusal({ dockerfile: `FROM ${lab.system}\n${dockerd}\n${shows}\n`, shows }),
      labImage("python:3"),
      /^the stage's container manager ended while it took the images in \(exit code 2\): panic: enough$/,
    );
  });

  it("a daemon.json that is no JSON", async () => {
    const config = "RUN mkdir -p /etc/docker && echo '{a' >/etc/docker/daemon.json";
    assertSentence(
      await refusal({ dockerfile: `FROM ${lab.system}\n${config}\n${preload}\n`, shows: preload }),
      busybox,
      /^the stage's \/etc\/docker\/daemon\.json is not JSON: .*: mend it in the base image, or above PRELOAD$/,
    );
  });

  it("a container manager with long output of an unknown form: its end", async () => {
    const dockerd = otherDockerd(
      '[ "$1" != --help ] || exit 0; for i in $(seq 1 30); do echo line $i; done; exit 3',
    );
    assertSentence(
      await refusal({ dockerfile: `FROM ${lab.system}\n${dockerd}\n${preload}\n`, shows: preload }),
      busybox,
      /did not come up \(exit code 3\): line 30$/,
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

  it("a container manager that Larder's program cannot precede", async () => {
    const move = "RUN mv /usr/sbin/dockerd /usr/local/sbin/";
    assertSentence(
      await refusal({ dockerfile: `FROM ${lab.system}\n${move}\n${preload}\n`, shows: preload }),
      busybox,
      /^no directory comes before \/usr\/local\/sbin in the stage's PATH .*: say ENV PATH=\/usr\/local\/larder\/bin:\$PATH above PRELOAD$/,
    );
  });
});
