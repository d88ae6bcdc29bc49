import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { type Bench, eachShell, writeContainerdShelf, writeShelf } from "./testing.js";

const layers = ["1", "2", "3"].map((digit) => `sha256:${digit.repeat(64)}`);
/** The layer that is there twice is a copy in containerd. */
const images = [
  { name: "docker.io/library/redis:7", diffIds: layers },
  { name: "docker.io/library/twice:1", diffIds: [...layers.slice(0, 2), ...layers.slice(0, 1)] },
];

/** What tools that copy data roots lose; `$1` is the data root, and `$2` where the copy is to be. */
const losses: Readonly<Record<string, string>> = {
  "the devices, in place": 'find "$1" -type c -delete',
  "one device": 'find "$1" -type c | sort | head -n 1 | xargs -d "\\n" rm',
  "the links, in place": 'find "$1" -type l -delete',
  "some links": 'find "$1" -type l -name "[a-l]*" -delete',
  "devices, as rsync without -D loses them": 'cp -a "$1" "$2" && find "$2" -type c -delete',
  "all but files and directories":
    'mkdir "$2" && (cd "$1" && find . -type d -o -type f) | tar -C "$1" --no-recursion -T - -c | tar -C "$2" -x',
  "links that are followed": 'cp -rL "$1" "$2" 2>/dev/null; find "$2" -type c -delete',
  modes: 'cp -dr "$1" "$2" && chmod -R go+rx "$2"',
  "nothing: a copy": 'cp -a "$1" "$2"',
};

interface Store {
  readonly write: typeof writeShelf;
  /** What users remove: no loss. */
  readonly remove: string;
}

const [, second = ""] = layers;
const overlay2: Store = {
  write: writeShelf,
  remove:
    'cd "$1" && cache=$(cat image/overlay2/layerdb/sha256/3*/cache-id image/overlay2/layerdb/sha256/*/cache-id | head -c 32) && ' +
    'for path in image/overlay2/layerdb/sha256/*; do [ "$(cat $path/cache-id)" != "$cache" ] || rm -r "$path" "overlay2/$cache"; done',
};

const stores: Readonly<Record<string, Store>> = {
  overlay2,
  "overlay2 with real layers": {
    ...overlay2,
    write: (shelf, images) =>
      writeShelf(
        shelf,
        images.map((image) => ({ ...image, real: [second] })),
      ),
  },
  containerd: {
    write: writeContainerdShelf,
    remove: 'rm -r "$1"/containerd/daemon/io.containerd.snapshotter.v1.overlayfs/snapshots/[34]',
  },
};

for (const [store, { write, remove }] of Object.entries(stores)) {
  eachShell(`a data root for ${store} that lost something`, "dockerd", (bench) => {
    beforeEach(() => write(`${bench.work}/shelf`, images));

    for (const mode of ["link", "copy"]) {
      for (const [title, loss] of Object.entries(losses)) {
        it(`${title}; attached by ${mode}`, () => {
          bench.attach({ LARDER_ATTACH: mode });
          const whole = tree(bench);
          lose(bench, loss);
          // It is mended as it was made, whatever is said now.
          const { said, code } = bench.attach();
          assert.equal(code, 0, said);
          assert.match(said, /^larder: had attached 2 images \(\d layers\) to .* before/);
          assert.equal(tree(bench), whole, said);
          assert.match(bench.attach().said, / before\n$/, "the second time there is nothing to mend");
        });
      }
    }

    if (store === "containerd") {
      it("the snapshotter's directory, which may be on a volume of its own", () => {
        bench.attach();
        const whole = tree(bench);
        lose(bench, 'rm -r "$1"/containerd/daemon/io.containerd.snapshotter.v1.overlayfs');
        assert.match(bench.attach().said, /^larder: had attached 2 images .* before\n$/);
        assert.equal(tree(bench), whole);
      });
    }

    it("does not get back what was removed", () => {
      bench.attach();
      lose(bench, remove);
      const left = tree(bench);
      assert.match(bench.attach().said, / before\n$/);
      assert.equal(tree(bench), left);
      lose(bench, 'cp -a "$1" "$2" && find "$2" -type c -delete');
      assert.match(bench.attach().said, / before, and mended \d layers?\n$/);
      assert.equal(tree(bench), left);
    });
  });
}

/** Runs a loss, and puts a copy that it made in the data root's place. */
function lose({ root }: Bench, loss: string): void {
  const put = 'if [ -e "$2" ]; then rm -r "$1" && mv "$2" "$1"; fi';
  execFileSync("sh", ["-c", `${loss}\n${put}`, "sh", root, `${root}-copy`], { stdio: "pipe" });
}

/** All of the data root with what is in its files, but for what tells one copy from another. */
function tree({ root }: Bench): string {
  const program =
    "find . ! -path '*/larder/origin*' -printf '%p %y %l\\n' | sort; " +
    "find . -type f ! -path '*/larder/origin*' | sort | xargs -d '\\n' cat; " +
    "find . -mindepth 1 -maxdepth 2 ! -path './containerd*' ! -path './larder*' -type d -printf '%p %m\\n' | sort; " +
    "find . -name snapshots -printf '%p %m\\n'";
  return execFileSync("sh", ["-c", program], { cwd: root, encoding: "utf8" });
}
