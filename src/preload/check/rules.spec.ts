import assert from "node:assert/strict";
import { parseDockerfile } from "../../dockerfile/parse.js";
import { checkStages, findFault } from "./rules.js";

const parse = (...lines: string[]) => parseDockerfile("Dockerfile", ["FROM a", ...lines].join("\n"));

/** Rule, line and the beginning of the message. */
function found(...lines: string[]): string[] {
  const dockerfile = parse(...lines);
  return checkStages(dockerfile, dockerfile.stages).map(
    ({ rule, lines, detail }) => `${rule} ${lines.start}: ${/^(\S+ "?[^" ]+"?)/.exec(detail)?.[1]}`,
  );
}

describe("PRELOAD's own rules", () => {
  const cases: [name: string, lines: string[], found: string[]][] = [
    ["a version and a digest are pinned", ["PRELOAD redis:7", `PRELOAD redis@sha256:${"0".repeat(64)}`], []],
    ["no tag", ["PRELOAD redis"], ['PreloadLatest 2: image "redis"']],
    ["latest", ["PRELOAD a:1 b:latest"], ['PreloadLatest 2: image "b:latest"']],
    ["in a heredoc", ["PRELOAD <<EOF", "a:1", "b", "$C", "EOF"], ['PreloadLatest 4: image "b"']],
    ["not what a variable may say", ["PRELOAD $A a:$TAG 'b'"], []],
    [
      "named twice",
      ["PRELOAD a:1", "PRELOAD docker.io/library/a:1"],
      ['PreloadDuplicate 3: image "docker.io/library/a:1"'],
    ],
    [
      "twice the latest is said once",
      ["PRELOAD a a"],
      ['PreloadLatest 2: image "a"', 'PreloadDuplicate 2: image "a"'],
    ],
    [
      "on its own line of several",
      ["PRELOAD a:1 \\", "  b \\", "  a:1"],
      ['PreloadLatest 3: image "b"', 'PreloadDuplicate 4: image "a:1"'],
    ],
    ["for another store", ["PRELOAD a:1", "PRELOAD --store=containerd a:1", "PRELOAD --namespace=x a:1"], []],
    ["in another stage", ["PRELOAD a:1", "FROM b", "PRELOAD a:1"], []],
    ["no name of an image", ["PRELOAD Foo"], []],
    [
      "a volume that holds the data root",
      ["VOLUME /var/lib/docker/", "PRELOAD a:1"],
      ["PreloadUnderVolume 2: VOLUME /var/lib/docker"],
    ],
    [
      "one above it, as JSON",
      ["PRELOAD a:1", 'VOLUME ["/x", "/var/lib"]'],
      ["PreloadUnderVolume 3: VOLUME /var/lib"],
    ],
    ["other volumes", ["VOLUME /var/lib/docker-data /var/lib/docker/x", "PRELOAD a:1"], []],
    [
      "a daemon that is started by its path",
      [
        'ENTRYPOINT ["/usr/bin/tini", "--", "/usr/bin/dockerd"]',
        "PRELOAD a:1",
        "CMD exec /opt/docker/dockerd -D",
      ],
      ["PreloadDaemonPath 2: ENTRYPOINT starts", "PreloadDaemonPath 4: CMD starts"],
    ],
    [
      "in a stage on it, in words for a shell",
      ["FROM a AS b", "PRELOAD a:1", "FROM b", 'CMD ["sh", "-c", "true&&/bin/k3s server"]'],
      ["PreloadDaemonPath 5: CMD starts"],
    ],
    [
      "one that counts, and what starts by its name or Larder's program",
      [
        "PRELOAD a:1",
        "CMD /bin/dockerd",
        'CMD ["dockerd", "--data-root", "/mnt/containerd"]',
        "ENTRYPOINT /usr/local/sbin/dockerd --exec-root=/x/dockerd",
      ],
      [],
    ],
    ["a stage without PRELOAD", ["VOLUME /var/lib/docker", "FROM b", "PRELOAD a:1"], []],
  ];
  for (const [name, lines, expected] of cases) it(name, () => assert.deepEqual(found(...lines), expected));
});

describe("the faults that are known without any variable", () => {
  const cases: [lines: string[], fault: string | undefined, line?: number][] = [
    [["PRELOAD a:1 $B --platform=$P"], undefined],
    [["PRELOAD --platfrom=$P a"], 'PRELOAD: unknown flag "--platfrom"; did you mean --platform?', 2],
    [["PRELOAD a", "PRELOAD Foo"], 'PRELOAD: image "Foo": repository name must be lowercase', 3],
    [["PRELOAD <<E", "a", "Foo", "E"], 'PRELOAD: image "Foo": repository name must be lowercase', 4],
    [["PRELOAD --network=lan $A"], 'PRELOAD: unknown network "lan"; --network is default, host or none', 2],
    [
      ["PRELOAD --network=$N"],
      "PRELOAD: no image is named; write PRELOAD image..., for example PRELOAD redis:7",
      2,
    ],
    [["PRELOAD $A"], undefined],
    [["PRELOAD --compose=$F"], undefined],
    [["PRELOAD --list=$F"], undefined],
  ];
  for (const [lines, message, line] of cases) {
    it(lines.join(" / "), () => {
      const fault = findFault(parse(...lines));
      assert.equal(fault?.message, message);
      assert.equal(fault?.lines?.start, line);
    });
  }
});
