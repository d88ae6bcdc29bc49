import assert from "node:assert/strict";
import { chainOf } from "../../image/chain.js";
import type { ChainId, DiffId } from "../../image/digest.js";
import type { ShelfEntry } from "../../shelf/entry.js";
import { cacheIdOf, catalogKeyOf, linkIdOf, whiteoutLinkIdOf } from "./ids.js";
import { type CatalogModel, emptyModel } from "./model.js";
import { distributionEntries, layerEntries, realEntries } from "./tree.js";

const diffIds = [1, 2, 3].map((digit) => `sha256:${String(digit).repeat(64)}`);

function modelOf(ids: readonly DiffId[], hiding: readonly DiffId[]): CatalogModel {
  const layers = chainOf(ids).map(
    ({ chainId, diffId, parent }) =>
      [
        chainId,
        { diffId, parent: parent ?? null, size: 7, whiteouts: hiding.includes(diffId), xattrs: false },
      ] as const,
  );
  return { ...emptyModel, layers: Object.fromEntries(layers) };
}

function contentOf(entries: readonly ShelfEntry[], path: string): string | undefined {
  const entry = entries.find((candidate) => candidate.path === path);
  return entry?.kind === "file"
    ? entry.content.toString()
    : entry?.kind === "link"
      ? entry.target
      : undefined;
}

describe("layerEntries", () => {
  const model = modelOf(diffIds, diffIds.slice(0, 2));
  const chain = chainOf(diffIds).map((link) => link.chainId);
  const [bottom = "", middle = "", top = ""] = chain;
  const entriesOf = (chainId: ChainId): ShelfEntry[] => layerEntries(model, chainId, "/split");
  const lowerOf = (chainId: ChainId) => contentOf(entriesOf(chainId), `db/${catalogKeyOf(chainId)}/lower`);

  it("puts a layer's whiteouts right below its own content, except for the bottom layer", () => {
    assert.equal(lowerOf(bottom), undefined);
    assert.equal(
      lowerOf(middle),
      [whiteoutLinkIdOf(middle), linkIdOf(bottom)].map((id) => `l/${id}`).join(":"),
    );
    const belowTop = [linkIdOf(middle), whiteoutLinkIdOf(middle), linkIdOf(bottom)];
    assert.equal(lowerOf(top), belowTop.map((id) => `l/${id}`).join(":"));
  });

  it("names a layer that stands in the chain twice once: overlayfs refuses the same directory again", () => {
    const [one = "", two = ""] = diffIds;
    const twice = [one, two, one, two];
    const [, second = "", third = "", fourth = ""] = chainOf(twice).map((link) => link.chainId);
    const model = modelOf(twice, []);
    const lowers = (chainId: ChainId) =>
      contentOf(layerEntries(model, chainId, "/split"), `db/${catalogKeyOf(chainId)}/lower`);
    assert.equal(lowers(third), `l/${linkIdOf(second)}`);
    assert.equal(lowers(fourth), `l/${linkIdOf(third)}`);
  });

  it("links the whiteouts where docker rmi removes them", () => {
    const target = contentOf(entriesOf(middle), `root/overlay2/l/${whiteoutLinkIdOf(middle)}`);
    assert.equal(target, `../${cacheIdOf(middle)}/whiteouts`);
    assert.equal(contentOf(entriesOf(bottom), `root/overlay2/l/${whiteoutLinkIdOf(bottom)}`), undefined);
  });

  it("makes no link for the data root that ext4 cannot keep in the inode", () => {
    for (const entry of chain.flatMap(entriesOf)) {
      if (entry.kind === "link" && entry.path.startsWith("root/"))
        assert.ok(entry.target.length < 60, entry.target);
    }
  });

  it("has a file, not a link, where the daemon writes", () => {
    const committed = entriesOf(top).find((entry) => entry.path.endsWith("/committed"));
    assert.equal(committed?.kind, "file");
  });

  it("of a real layer has no link to the shelf's files, and names no directory of whiteouts", () => {
    const layer = model.layers[middle];
    assert.ok(layer);
    const real: CatalogModel = { ...model, layers: { ...model.layers, [middle]: { ...layer, real: true } } };
    const entries = layerEntries(real, middle, "/split");
    assert.equal(contentOf(entries, `root/overlay2/${cacheIdOf(middle)}/diff`), undefined);
    const added = realEntries(middle, ["a/b"]);
    assert.equal(contentOf(added, `db/${catalogKeyOf(middle)}/real`), "");
    assert.equal(contentOf(added, `db/${catalogKeyOf(middle)}/whiteouts`), "a/b\n");
    assert.equal(contentOf(entries, `db/${catalogKeyOf(middle)}/lower`), `l/${linkIdOf(bottom)}`);
    assert.equal(contentOf(entries, `root/overlay2/l/${whiteoutLinkIdOf(middle)}`), undefined);
  });
});

describe("distributionEntries", () => {
  it("are the files that docker pull writes", () => {
    const [diffId = "", blob = ""] = diffIds;
    const entries = distributionEntries(diffId, {
      [blob]: { diffId, repositories: ["docker.io/library/redis"] },
    });
    const root = "root/image/overlay2/distribution";
    assert.equal(contentOf(entries, `${root}/diffid-by-digest/sha256/${"2".repeat(64)}`), diffId);
    assert.equal(
      contentOf(entries, `${root}/v2metadata-by-diffid/sha256/${"1".repeat(64)}`),
      `[{"Digest":"${blob}","SourceRepository":"docker.io/library/redis","HMAC":""}]`,
    );
  });
});
