import assert from "node:assert/strict";
import { parseCatalog } from "../catalog-json.js";
import { ancestry, type CatalogModel, emptyModel, formatModel, mergeModels } from "./model.js";
import { formatRepositories, repositoryOf } from "./repositories.js";

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const layer = { diffId: digest("1"), parent: null, size: 1, whiteouts: false, xattrs: false };

describe("mergeModels", () => {
  it("lets the later reference win, and keeps the image that had it", () => {
    const earlier: CatalogModel = {
      ...emptyModel,
      images: { [digest("a")]: null },
      references: { "redis:7": digest("a") },
    };
    const later: CatalogModel = {
      ...emptyModel,
      images: { [digest("b")]: null },
      references: { "redis:7": digest("b") },
    };
    const merged = mergeModels(earlier, later);
    assert.deepEqual(merged.references, { "redis:7": digest("b") });
    assert.deepEqual(Object.keys(merged.images), [digest("a"), digest("b")]);
  });

  it("knows all repositories of a blob, sorted", () => {
    const from = (...repositories: string[]): CatalogModel => ({
      ...emptyModel,
      blobs: { [digest("1")]: { diffId: digest("2"), repositories } },
    });
    assert.deepEqual(mergeModels(from("b", "a"), from("c", "a")).blobs[digest("1")]?.repositories, [
      "a",
      "b",
      "c",
    ]);
  });

  it("refuses two layers with the same short name", () => {
    const like = (end: string): CatalogModel => ({
      ...emptyModel,
      layers: { [`sha256:${"0".repeat(63)}${end}`]: layer },
    });
    assert.throws(() => mergeModels(like("1"), like("2")), /have the same short name/);
  });

  it("gives the same text in either order", () => {
    const one: CatalogModel = {
      ...emptyModel,
      layers: { [digest("1")]: layer },
      references: { "a:1": digest("a") },
    };
    const two: CatalogModel = {
      ...emptyModel,
      layers: { [digest("2")]: layer },
      references: { "b:1": digest("b") },
    };
    assert.equal(formatModel(mergeModels(one, two)), formatModel(mergeModels(two, one)));
    assert.deepEqual(parseCatalog(formatModel(one)), one);
  });

  it("does not read the catalog of another version", () => {
    assert.throws(() => parseCatalog('{"version":2}'), /another format: build its base image again/);
  });

  it("says which layer is missing", () => {
    assert.throws(() => ancestry(emptyModel, digest("1")), /lacks the layer sha256:1111/);
  });
});

describe("formatRepositories", () => {
  it("groups by repository on one line", () => {
    const text = formatRepositories({
      "redis:7": "sha256:1",
      "localhost:5000/a:1": "sha256:2",
      "redis@sha256:3": "sha256:1",
    });
    assert.equal(
      text,
      '{"Repositories":{"localhost:5000/a":{"localhost:5000/a:1":"sha256:2"},' +
        '"redis":{"redis:7":"sha256:1","redis@sha256:3":"sha256:1"}}}\n',
    );
  });

  it("takes the port for no tag", () => {
    assert.equal(repositoryOf("localhost:5000/a@sha256:1"), "localhost:5000/a");
    assert.equal(repositoryOf("localhost:5000/a"), "localhost:5000/a");
  });
});
