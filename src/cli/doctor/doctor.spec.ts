import assert from "node:assert/strict";
import { daemonIn, isSystemd } from "./daemon.js";
import { diagnose } from "./diagnose.js";
import { commandOf, type InnerFacts, type OuterFacts, parseExplained } from "./facts.js";
import { formatDiagnosis } from "./report.js";

const outer: OuterFacts = {
  name: "ci",
  id: "0123",
  isRunning: true,
  state: "running",
  image: { name: "ci:1", label: '{"version":2,"layers":2}', now: "the same" },
  command: ["system-entrypoint", "sleep"],
  isOverridden: false,
  environment: new Map(),
  mounts: [],
  runtime: "runc",
  isPrivileged: true,
  isReadOnly: false,
  engine: { version: "28.5.2", driver: "overlay2" },
};

const printed = `shelf:     2 images (2 layers) for overlay2
daemon:    dockerd 28.5.2 --data-root=/data (process 7)
data root: /data (--data-root), on ext4, mounted at /data
note:      one: two
why not:   first: leave it out
why not:   second
images:    do not show up
`;
const fine: InnerFacts = { kind: "explained", explained: parseExplained("attach:    links it\n", 0) };
const stopped: InnerFacts = { kind: "stopped", hasShelf: true, isAttached: false };
const failed: InnerFacts = { kind: "failed", reason: "attach cannot be run" };

describe("larder doctor", () => {
  it("reads the lines of attach --explain", () => {
    const { shows, found, notes, reasons } = parseExplained(printed, 1);
    assert.equal(shows, false);
    assert.deepEqual(
      found.map(({ name }) => name),
      ["shelf", "daemon", "data root"],
    );
    assert.equal(found[1]?.text, "dockerd 28.5.2 --data-root=/data (process 7)");
    assert.deepEqual([notes, reasons], [["one: two"], ["first: leave it out", "second"]]);
    assert.equal(parseExplained("", 2).shows, undefined);
  });

  it("finds the daemon in a command, in a line for a shell, too", () => {
    const cases: [command: string[], daemon: string[] | undefined][] = [
      [
        ["dockerd", "--debug"],
        ["dockerd", "--debug"],
      ],
      [
        ["tini", "--", "/usr/bin/dockerd", "-g", "/a b"],
        ["/usr/bin/dockerd", "-g", "/a b"],
      ],
      [
        ["sh", "-c", 'exec /usr/bin/containerd --root=/x "$@"'],
        ["/usr/bin/containerd", "--root=/x"],
      ],
      [["dockerd-entrypoint.sh"], undefined],
      [[], undefined],
    ];
    for (const [command, daemon] of cases) assert.deepEqual(daemonIn(command), daemon, command.join(" "));
    assert.ok(isSystemd(["/lib/systemd/systemd", "x"]) && isSystemd(["/sbin/init"]) && !isSystemd([]));
    assert.deepEqual(commandOf({ Entrypoint: ["a"], Cmd: ["b", "c"] }), ["a", "b", "c"]);
    assert.deepEqual(commandOf({ Entrypoint: null, Cmd: "b" }), ["b"]);
  });

  it("shows the mounts that matter: at the data root that the daemon has, over the shelf and the programs", () => {
    const destinations = [
      "/data",
      "/home",
      "/var/lib/containerd/x",
      "/usr/lib/larder",
      "/",
      "/var",
      "/usr/local/sbin",
    ];
    const mounts = destinations.map((destination) => ({
      type: "volume",
      source: destination === "/data" ? "f".repeat(64) : "named",
      destination,
      isReadOnly: destination === "/var",
      age: destination === "/var" ? 60 : 0,
    }));
    const explained = { kind: "explained", explained: parseExplained(printed, 1) } as const;
    const { found, shows, reasons, notes } = diagnose({ ...outer, mounts }, explained);
    assert.deepEqual(
      found.filter(({ name }) => name === "mount").map(({ text }) => text),
      [
        "an anonymous volume at /data",
        "volume named at /var/lib/containerd/x",
        "volume named at /usr/lib/larder",
        "volume named at /",
        "volume named at /var, read-only, older than the container",
        "volume named at /usr/local/sbin",
      ],
    );
    assert.equal(shows, false);
    assert.deepEqual(reasons, explained.explained.reasons);
    assert.deepEqual(notes, [
      "volume named was there before the container: it may hold images of another container",
      "one: two",
    ]);
  });

  it("says what the engine knows beside it", () => {
    const text = (facts: Partial<OuterFacts>, inner: InnerFacts = fine): string =>
      formatDiagnosis(diagnose({ ...outer, ...facts }, inner));
    assert.match(text({}), /^engine +engine +Docker 28.5.2, storage driver overlay2$/m);
    assert.match(text({}), /^container +attach +links it\n\nimages: show up\n$/m);
    assert.match(text({ isOverridden: true }), /system-entrypoint sleep \(not the image's own\)$/m);
    assert.match(text({ environment: new Map([["DOCKER_DRIVER", "vfs"]]) }), /variable +DOCKER_DRIVER=vfs$/m);
    assert.match(text({ isReadOnly: true }), /^engine +root +read-only$/m);
    assert.match(
      text({ image: { ...outer.image, now: "another" } }),
      /^note: ci:1 has been built or pulled anew/m,
    );
    assert.match(
      text({ image: { ...outer.image, now: "gone" } }),
      /^note: ci:1 is not in the engine any more/m,
    );
    assert.match(
      text({ image: { ...outer.image, label: undefined } }),
      /^note: the image has a shelf, and lost/m,
    );
    assert.match(
      text({ isPrivileged: false }),
      /^note: the container is neither privileged nor run by sysbox-runc/m,
    );
    assert.doesNotMatch(text({ isPrivileged: false, runtime: "sysbox-runc" }), /^note/m);
  });

  it("says why attach could not be asked", () => {
    assert.deepEqual(diagnose(outer, failed).reasons, ["attach cannot be run"]);
    const mounts = [{ type: "tmpfs", source: "", destination: "/usr/lib", isReadOnly: false }];
    assert.deepEqual(diagnose({ ...outer, mounts }, failed).reasons, [
      "tmpfs at /usr/lib hides /usr/lib/larder, where the inner images are: leave that mount out",
    ]);
    const unlabelled = { ...outer, image: { ...outer.image, label: undefined } };
    assert.match(
      diagnose(unlabelled, failed).reasons.join("\n"),
      /^ci:1 has no label io.larder.preload: build it from/,
    );
  });

  it("says of a stopped container what can be known, and what cannot", () => {
    const of = (facts: Partial<OuterFacts>, inner: InnerFacts = stopped) =>
      diagnose({ ...outer, isRunning: false, state: "exited", ...facts }, inner);
    assert.equal(of({}).shows, null);
    assert.match(of({}).notes.join("\n"), /^the container does not run \(it is exited\): start it/);
    assert.ok(formatDiagnosis(of({})).endsWith("\nimages: cannot be told\n"));
    const off = { environment: new Map([["LARDER_ATTACH", "off"]]), command: ["/usr/bin/dockerd"] };
    assert.equal(of(off).reasons.length, 2);
    assert.equal(of(off).shows, false);
    assert.deepEqual(of(off, { ...stopped, isAttached: true }).reasons, []);
    const unlabelled = { image: { ...outer.image, label: undefined } };
    assert.equal(of(unlabelled, { ...stopped, hasShelf: false }).reasons.length, 1);
    assert.equal(of(unlabelled).reasons.length, 0);
  });
});
