import assert from "node:assert/strict";
import { skip } from "../../src/testing.js";
import { SystemContainer } from "../harness/system-container.js";
import { assertRuns, attachedRoot, newVolume, shell, stores, systemImage } from "./fixture.js";

const attach = "/usr/lib/larder/bin/attach dockerd";
/** A data root's files without their times, in numbers, with `committed`. */
const files = String.raw`find . -printf '%p %y %m %U:%G %l\n' | sort`;
/** The file that the daemon reads first, and the one that is written last. */
const databases = {
  overlay2: { text: "cat image/overlay2/repositories.json", last: "larder/[0-9a-f]*" },
  containerd: {
    text: "find . -name '*.db' | sort | xargs sha256sum",
    last: "containerd/daemon/*.bolt/meta.db",
  },
} as const;

/**
 * Precedes each program of attach in PATH. At the given call, it kills all processes: before the program, or in the
 * middle of its work.
 */
const killer = (when: string) => `#!/bin/sh
read n </count
echo $((n + 1)) >/count
if [ $((n + 1)) = "$KILL_AT" ]; then
  ${when === "before" ? "" : `/usr/bin/\${0##*/} "$@" & sleep 0.00\${KILL_AT}; grep -q ') Z ' /proc/$!/stat || echo >>/hits`}
  # It is not among "all" itself.
  kill -9 -1; kill -9 $$
fi
exec /usr/bin/\${0##*/} "$@"
`;

for (const store of stores)
  describe(`attach: killed in the middle, ${store}`, () => {
    const root = attachedRoot(store);

    /** Milliseconds after which attach has not begun, and after which it is done, as far as known. */
    let [early, late] = [0, 100];
    const halfway: number[] = [];

    for (const attempt of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      it(`some time after its start (${attempt}): the next start has the images`, async function () {
        const delay = (early + late) / 2;
        const image = await systemImage({ store });
        const args = await newVolume();
        // The shell is the first process, which `kill -1` does not reach.
        const state = `cd ${root}/larder 2>/dev/null || exit 0; ls | grep -qE '^[0-9a-f]+$' && echo whole || echo halfway`;
        const program = `${attach} & sleep ${(delay / 1000).toFixed(4)}; kill -9 -1; wait; ${state}`;
        const said = await shell(image, program, { args });
        const hasBegun = said.includes("whole") || said.includes("halfway");
        if (hasBegun) late = delay;
        else early = delay;
        if (!said.includes("halfway"))
          skip(this, `${delay.toFixed(1)} ms after its start it had ${hasBegun ? "ended" : "not begun"}`);
        halfway.push(delay);
        const container = await SystemContainer.start(image, { args });
        await assertRuns(container, "odd", "second");
        await container.remove();
      });
    }

    after(() => {
      console.log(`        halfway: ${halfway.map((delay) => delay.toFixed(1)).join(", ")} ms`);
    });

    for (const when of ["before", "during"]) {
      it(`${when} each program that it starts: the next attach gives the same data root`, async function () {
        const program = `
        mkdir /w && cat >/w/killer <<'END'
${killer(when)}
END
        chmod +x /w/killer
        for tool in cp mkdir mv rm stat tar; do ln -s killer /w/$tool; done
        attach() { echo 0 >/count; PATH=/w:$PATH ${attach} --data-root=/var/lib/docker/$1 2>/said; }
        tree() { cd /var/lib/docker/$1; ${files}; ${databases[store].text}; }
        attach whole; tree whole >/whole
        read last </count
        n=1
        while [ $n -le $last ]; do
          (export KILL_AT=$n; attach $n) & wait
          [ ${when} = during ] || [ ! -e /var/lib/docker/$n/${databases[store].last} ] || echo "$n: not killed"
          attach $n
          grep -qE 'larder: (had )?attached' /said || cat /said
          tree $n | diff - /whole || echo "$n: not the same"
          n=$((n + 1))
        done
        echo "$last programs, $(cat /hits 2>/dev/null | wc -l) of them at work"`;
        const said = await shell(await systemImage({ store }), program);
        console.log(`        ${said.trim()}`);
        const hits = /^(?:[4-9]|\d\d) programs, (\d+) of them at work\n$/.exec(said)?.[1];
        assert.ok(hits, said);
        if (when === "during" && hits === "0") skip(this, "each program had ended before it was killed");
      });
    }
  });
