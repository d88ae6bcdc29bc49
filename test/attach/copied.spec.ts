import assert from "node:assert/strict";
import { assertSame, exactly } from "../exact-files/same.js";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { type FileListing, listImage } from "../harness/file-listing.js";
import { lab } from "../harness/lab.js";
import { pushInnerImage, type RegistryImage } from "../harness/registry-image.js";
import { SystemContainer } from "../harness/system-container.js";
import { attachLines, newVolume, shell, stores } from "./fixture.js";

/** The place for the copy of a data root. The program runs in `/from`. */
const copy = "/var/lib/docker";

/** Ways to copy a data root. Each of them loses something. */
const losses = [
  ["link", "rsync without devices, as Sysbox at stop", `cp -a . ${copy} && find ${copy} -type c -delete`],
  ["link", "a tool that knows no links", `tar -c --exclude-from=/links . | tar -x -C ${copy}`],
  [
    "link",
    "a tool that follows links",
    `cp -rL --no-preserve=all . ${copy} 2>/dev/null; find ${copy} -type c -delete`,
  ],
  // The data root has these attributes and links of layers only if the layers are copies in it.
  ["copy", "attributes and hard links", `cp -a --no-preserve=xattr,links . ${copy}`],
  ["copy", "modes and owners", `cp -dr . ${copy}`],
] as const;

describe("attach: a data root that was copied", () => {
  let odd: RegistryImage;
  let expected: FileListing;

  before(async () => {
    odd = await pushInnerImage("odd", new URL("../exact-files/Dockerfile", import.meta.url));
    expected = await listImage(exactly(odd));
  });
  after(cleanUp);

  for (const store of stores) {
    describe(store, () => {
      const tag = `e2e-attach-copied:${store}`;

      before(async () => {
        const config = JSON.stringify({ features: { "containerd-snapshotter": store === "containerd" } });
        const configure = `RUN mkdir -p /etc/docker && echo '${config}' >/etc/docker/daemon.json`;
        await build({ tag, dockerfile: `FROM ${lab.system}\n${configure}\nPRELOAD ${odd.reference}\n` });
      });

      for (const [mode, title, program] of losses) {
        it(`by ${title} (${mode}): the files are unchanged`, async () => {
          const original = await newVolume("containerd", "/from");
          const volume = await newVolume("containerd", copy);
          const attach = `LARDER_ATTACH=${mode} /usr/lib/larder/bin/attach dockerd --data-root=/from`;
          const links = "cd /from && find . -type l | sed 's/[[*?]/\\\\&/g' >/links";
          await shell(tag, `${attach} && ${links} && ${program}`, { args: [...original, ...volume] });
          const container = await SystemContainer.start(tag, { args: volume });
          const [line = ""] = await attachLines(container);
          assert.match(line, /^larder: had attached 1 image .* before, and mended \d+ layers?$/);
          assertSame(await listImage(odd.reference, { inside: container }), expected);
          await container.restart();
          assert.match((await attachLines(container)).at(-1) ?? "", / before$/);
          await container.remove();
        });
      }
    });
  }
});
