import assert from "node:assert/strict";
import type { CommitResult } from "../../../src/cli/commit/run-commit.js";
import { assertSame } from "../../exact-files/same.js";
import { cleanUp } from "../../harness/cleanup.js";
import { docker } from "../../harness/docker.js";
import { type FileListing, listImage, listUnpacked } from "../../harness/file-listing.js";
import { labImage } from "../../harness/lab.js";
import { type RegistryImage, registryImage } from "../../harness/registry-image.js";
import { SystemContainer } from "../../harness/system-container.js";
import { holderOf, pushSystem, readSystem, type SystemImage } from "../../sharing/outer-layers.js";
import {
  buildInside,
  built,
  commit,
  type Inner,
  innerImages,
  list,
  load,
  pull,
  remains,
  startEmpty,
  systems,
} from "./systems.js";

for (const system of systems) {
  describe(`larder commit, ${system.name}: a container in which images were pulled, loaded and built`, () => {
    const isDocker = system.daemon === "docker";
    const tag = labImage(`e2e/commit-${system.name}:1`);
    let inner: Inner;
    let original: SystemContainer;
    let committed: CommitResult & { readonly said: string };
    let pushed: SystemImage;
    let next: SystemContainer;

    before(async () => {
      inner = await innerImages();
      original = await startEmpty(system);
      await pull(system, original, inner.pulled);
      await load(system, original, inner.loaded);
      if (isDocker) {
        await buildInside(original, inner.loaded);
        await original.inner("tag", inner.pulled.reference, "example.com/other:2");
      }
      await original.exec("sh", "-c", byHand);
      const change = ["--change", 'LABEL by="hand"', "--change", "ENV BY=hand"];
      const about = ["--message", "made by hand", "--author", "A Hand <hand@example.com>"];
      committed = await commit(original, tag, [...change, ...about, "--push"]);
      pushed = readSystem(await registryImage(tag));
      next = await SystemContainer.start(tag, { daemon: system.daemon });
    });
    after(cleanUp);

    it("tells what it took, and leaves nothing else behind", async () => {
      const names = [inner.pulled.reference, inner.loaded.reference];
      const more = isDocker ? [built, "example.com/other:2"] : [];
      assert.deepEqual(committed.taken, [...names, ...more].sort());
      assert.deepEqual(committed.leftOut, []);
      assert.match(committed.id ?? "", /^sha256:/);
      assert.equal(await remains(), "");
    });

    it("has the layers of the container's image as the registry has them, and one of the files", async () => {
      const base = await registryImage(labImage(isDocker ? "docker:28.5" : "containerd:2.1"));
      assert.deepEqual(pushed.diffIds.slice(0, base.diffIds.length), base.diffIds);
      assert.deepEqual(pushed.blobs.slice(0, base.blobs.length), base.blobs);
    });

    it("has each inner layer in an outer layer of its own, the same one as PRELOAD of the same image", async () => {
      const { pulled, loaded } = inner;
      const preload = [pulled.reference, loaded.reference];
      const name = `commit-${system.name}`;
      const preloaded = await pushSystem({
        name,
        dockerfile: `${system.base}PRELOAD ${preload.join(" ")}\n`,
      });
      for (const diffId of [...pulled.diffIds, ...loaded.diffIds]) {
        const [ours, theirs] = [holderOf(pushed, diffId), holderOf(preloaded, diffId)];
        assert.deepEqual([ours.diffId, ours.blob], [theirs.diffId, theirs.blob], diffId);
      }
      for (const [digest, holders] of preloaded.blobHolders) {
        const [ours] = pushed.blobHolders.get(digest) ?? [];
        assert.equal(ours?.diffId, holders[0]?.diffId, digest);
      }
    });

    it("lists the same names, digests and IDs", async () => {
      assert.deepEqual(await list(system, next), await list(system, original));
      assert.match(await next.logs(), /^larder: attached \d images? \(\d layers\) to .* by link/m);
    });

    it("has the same files in each image", async () => {
      const listed = async (image: RegistryImage | string): Promise<[FileListing, FileListing]> => {
        const name = typeof image === "string" ? image : image.reference;
        const of = (inside: SystemContainer) =>
          isDocker ? listImage(name, { inside }) : listUnpacked(inside, "default", name);
        return Promise.all([of(next), of(original)]);
      };
      for (const image of [inner.pulled, inner.loaded, ...(isDocker ? [built] : [])]) {
        const [ours, theirs] = await listed(image);
        assertSame(withoutTimes(ours), withoutTimes(theirs));
      }
    });

    it("runs the images", async () => {
      const { reference } = inner.loaded;
      if (!isDocker) {
        assert.equal(await next.ctr("default", "run", "--rm", reference, "one", "echo", "ran"), "ran\n");
        return;
      }
      assert.equal(await next.inner("run", "--rm", "--network", "none", built), "three\n");
      const look = ["ls", "-l", "/bin/vi", "/made"];
      const { stdout, stderr } = await next.try("docker", "run", "--rm", "--network=none", built, ...look);
      assert.match(stderr, /\/bin\/vi: No such file/);
      assert.match(stdout, /three/);
      assert.doesNotMatch(stdout, /one|two/);
    });

    it("has the config that docker commit leaves, with --change, --message and --author", async () => {
      const plain = `e2e-commit-plain-${system.name}:1`;
      const change = ["--change", 'LABEL by="hand"', "--change", "ENV BY=hand"];
      await docker(["commit", ...change, original.id, plain]);
      const [ours, theirs] = await Promise.all([configOf(tag), configOf(plain)]);
      const { "io.larder.preload": label, ...labels } = ours.Labels ?? {};
      assert.match(label ?? "", /"layers":/);
      assert.deepEqual({ ...ours, Labels: labels }, theirs);
      const history = (await registryImage(tag)).history as { comment?: string; author?: string }[];
      const found = history.find(({ comment }) => comment === "made by hand");
      assert.equal(found?.author, "A Hand <hand@example.com>");
    });

    if (system.name === "overlay2") {
      it("has the container's files as docker commit alone keeps them", async () => {
        const [ours, theirs] = await Promise.all([listImage(tag), listImage("e2e-commit-plain-overlay2:1")]);
        assert.ok(ours.has("opt/by-hand/link") && !ours.has("usr/bin/apt-cache"));
        assertSame(ownFiles(ours), ownFiles(theirs));
      });
    }
  });
}

/** Among the names is one that is no UTF-8, and what the container's image has is deleted. */
const byHand = `
mkdir -p /opt/by-hand/sub /var/lib/docker/left-out
cd /opt/by-hand
echo text >file; ln file second; ln -s no/where link; chown 12:34 file; chmod 4755 file
printf x >"$(printf 'raw\\377\\200')"
rm /usr/bin/apt-cache
rm -r /usr/share/doc && mkdir /usr/share/doc && echo new >/usr/share/doc/new
`;

interface ContainerConfig {
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly [other: string]: unknown;
}

async function configOf(image: string): Promise<ContainerConfig> {
  return JSON.parse(
    await docker(["image", "inspect", "--format", "{{json .Config}}", image]),
  ) as ContainerConfig;
}

/** Directories that no layer's tar has get the time of the unpacking. */
function withoutTimes(files: FileListing): FileListing {
  return new Map([...files].map(([path, words]) => [path, words.replace(/ \d{4}-\S+Z/, "")]));
}

/** Without Larder's own files, the directories in which these are, and logs, which go on. */
function ownFiles(files: FileListing): FileListing {
  const larders =
    /^(usr\/lib\/larder(\/.*)?|usr\/local\/sbin\/(dockerd|containerd)|etc\/default\/docker|etc\/systemd\/system\/\w+\.service\.d(\/.*)?)$/;
  const touched = /^(usr\/local\/sbin|usr\/lib|etc\/default|var\/log(\/.*)?|var\/lib\/docker)$/;
  return new Map([...files].filter(([path]) => !larders.test(path) && !touched.test(path)));
}
