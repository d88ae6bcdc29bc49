import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { eachShell, writeShelf } from "./testing.js";

eachShell("attach for a unit of systemd", "dockerd", (bench) => {
  const unit = ["--unit", "docker.service", "dockerd"];

  /** A systemctl that says what the real one prints of ExecStart. */
  function systemctl(argv: string): NodeJS.ProcessEnv {
    const bin = `${bench.work}/bin`;
    mkdirSync(bin, { recursive: true });
    const shows = `{ path=/usr/sbin/dockerd ; argv[]=${argv} ; ignore_errors=yes ; start_time=[n/a] ; pid=0 }`;
    writeFileSync(`${bench.work}/shows`, `ExecStart=${shows}\n`);
    writeFileSync(`${bin}/systemctl`, `#!/bin/sh\ncat '${bench.work}/shows'\n`, { mode: 0o755 });
    return { PATH: `${bin}:${process.env.PATH}` };
  }

  beforeEach(() =>
    writeShelf(`${bench.work}/shelf`, [{ name: "redis:7", diffIds: [`sha256:${"1".repeat(64)}`] }]),
  );

  const cases: [title: string, argv: (work: string) => string, root: string][] = [
    ["a flag", (work) => `/usr/sbin/dockerd -H fd:// --data-root=${work}/one -D`, "one"],
    [
      "a value with spaces",
      (work) => `/usr/sbin/dockerd --data-root=${work}/some where  else --debug`,
      "some where else",
    ],
    ["a value of its own", (work) => `/usr/sbin/dockerd -g ${work}/a b -H unix:///x`, "a b"],
    ["a variable of several words", () => "/usr/sbin/dockerd $OPTIONS --debug", "from options"],
    ["a variable in a word", () => `/usr/sbin/dockerd --data-root=\${BASE}/in\${NONE}side`, "inside"],
    ["what is no variable", (work) => `/usr/sbin/dockerd --data-root=${work}/$(x)\${1}`, "$(x)"],
  ];
  for (const [title, argv, root] of cases) {
    it(title, () => {
      const { work } = bench;
      const variables = { OPTIONS: `--debug --data-root=${work}/from options`, BASE: work };
      const { said } = bench.attachAs(unit[0] ?? "", [...unit.slice(1), "-g", `${work}/old`], {
        ...systemctl(argv(work)),
        ...variables,
      });
      assert.ok(said.includes(`attached 1 image (1 layer) to ${work}/${root} by link`), said);
      assert.ok(!existsSync(`${work}/old`));
    });
  }

  it("takes the arguments of the build where systemd does not answer", () => {
    const old = `${bench.work}/old`;
    const { said } = bench.attachAs(unit[0] ?? "", [...unit.slice(1), "-g", old], { PATH: process.env.PATH });
    assert.ok(said.includes(` to ${old} by link`), said);
  });
});
