import assert from "node:assert/strict";
import type { SystemContainer } from "../harness/system-container.js";
import { byDigest, prints } from "./images.js";
import type { InnerSystem, Running } from "./systems.js";

/** The fields of `docker image inspect` that need a special comparison. Other fields are compared as they are. */
interface Inspected {
  readonly Id: string;
  readonly RepoDigests: readonly string[];
  readonly Size: number;
  readonly RootFS: { readonly Layers: readonly string[] };
}

/** Places of files and the time of a tag. Each daemon has its own. */
const daemonsOwn = ["GraphDriver", "Metadata"];

export async function inspect(where: SystemContainer, name: string): Promise<Inspected> {
  const [found] = JSON.parse(await where.inner("image", "inspect", name));
  const kept = Object.entries(found).filter(([key]) => !daemonsOwn.includes(key));
  return Object.fromEntries(kept) as unknown as Inspected;
}

/** Lists, descriptions and running containers. */
export function looksPulled({ version, store }: InnerSystem, running: () => Running): void {
  it("docker reports this version and this store", async () => {
    const { preloaded } = running();
    const said = await preloaded.inner("info", "--format", "{{.ServerVersion}} {{.Driver}}");
    const driver = { overlay2: "overlay2", containerd: "overlayfs" }[store.name];
    assert.ok(said.startsWith(`${version}.`) && said.endsWith(` ${driver}\n`), said);
  });

  it("docker images lists tags, the registry's digests, and the store's IDs", async () => {
    const { images, preloaded, plain } = running();
    const format = "{{.Repository}}:{{.Tag}} {{.Digest}} {{.ID}}";
    const list = ["images", "--digests", "--no-trunc", "--format", format];
    const { one, two, index, python, busybox } = images;
    const repository = byDigest(busybox).split("@")[0];
    const listed = (await preloaded.inner(...list)).trim().split("\n").sort();
    assert.deepEqual(listed, [
      `${repository}:<none> ${busybox.digest} ${store.idOf(busybox)}`,
      `${index.reference} ${index.digest} ${store.idOf(index)}`,
      `${one.reference} ${one.digest} ${store.idOf(one)}`,
      `${two.reference} ${two.digest} ${store.idOf(two)}`,
      `${python.reference} ${python.digest} ${store.idOf(python)}`,
    ]);
    assert.deepEqual(listed, (await plain.inner(...list)).trim().split("\n").sort(), "as after a pull");
    const dangling = ["images", "--all", "--quiet", "--filter", "dangling=true"];
    assert.equal(await preloaded.inner(...dangling), await plain.inner(...dangling), "as after a pull");
  });

  it("docker image inspect and docker history are as after a pull", async () => {
    const { images, preloaded, plain } = running();
    for (const image of [images.one, images.two, images.index, images.python, images.busybox]) {
      const name = byDigest(image);
      const here = await inspect(preloaded, name);
      const there = await inspect(plain, name);
      // In containerd, Docker 29 counts unpacked files as well: by the blocks that they take on a disk, which Larder
      // reckons, so that they depend on the files alone. A pull counts those of its file system.
      const counts = version === "29.9" && store.name === "containerd";
      const surplus = here.Size - there.Size;
      assert.ok(
        Math.abs(surplus) <= (counts ? image.diffIds.length * 4096 + there.Size / 50 : 0),
        `${here.Size} bytes; after a pull ${there.Size}`,
      );
      assert.deepEqual({ ...here, Size: 0 }, { ...there, Size: 0 }, name);
      assert.equal(here.Id, store.idOf(image), "ID");
      assert.deepEqual(here.RepoDigests, [name], "RepoDigests");
      assert.deepEqual(here.RootFS.Layers, image.diffIds, "RootFS");
      const [history, pulled] = await Promise.all([preloaded, plain].map((where) => historyOf(where, name)));
      assert.deepEqual(history, pulled, `history of ${name}`);
    }
  });

  it("runs by tag, by tag and digest, by digest, and by ID", async () => {
    const { images, preloaded } = running();
    const { one, two, index, busybox } = images;
    const printsOf = (name: string) => preloaded.inner("run", "--rm", "--network", "none", name);
    assert.equal(await printsOf(one.reference), prints.one);
    assert.equal(await printsOf(two.reference), prints.two);
    assert.equal(await printsOf(`${two.reference}@${two.digest}`), prints.two);
    assert.equal(await printsOf(store.idOf(one)), prints.one);
    assert.equal(await printsOf(store.idOf(index)), prints.index);
    const echo = ["run", "--rm", "--network", "none", byDigest(busybox), "echo", "by digest"];
    assert.equal(await preloaded.inner(...echo), "by digest\n");
  });
}

/** Sizes depend on the size of directories in the file system, so they are rounded to a tenth. */
async function historyOf(where: SystemContainer, name: string): Promise<object[]> {
  const args = ["history", "--no-trunc", "--human=false", "--format", "{{json .}}", name];
  const lines = (await where.inner(...args)).trim().split("\n");
  return lines.map((line) => {
    const { Size: size, CreatedSince: _, ...entry } = JSON.parse(line);
    return { ...entry, size: Number(size).toPrecision(1) };
  });
}
