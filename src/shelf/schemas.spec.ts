import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { parsePlatform } from "../image/platform.js";
import { parseReference } from "../image/reference.js";
import { storeNames } from "../stores/table.js";
import { formatLabel } from "./label.js";
import { formatPreload, mergePreload } from "./preload-file.js";

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

function readSchema(name: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8"));
}

function compile(name: string): ValidateFunction {
  return new Ajv2020({ strict: true, strictRequired: false, strictTypes: false }).compile(readSchema(name));
}

function assertValid(validate: ValidateFunction, text: string): void {
  assert.ok(validate(JSON.parse(text)), JSON.stringify(validate.errors));
}

/** Each kind of image that there is: with and without tag, variant, namespace and layers. */
function written(): string {
  const image = (name: string, platform: string, diffIds: string[]) => ({
    reference: { ...parseReference(name), digest: digest("1") },
    platform: parsePlatform(platform),
    imageId: digest("2"),
    diffIds,
  });
  const images = [
    image("redis:7", "linux/amd64", [digest("3"), digest("4"), digest("3")]),
    image(`localhost:5000/a/b@${digest("1")}`, "linux/arm/v7", []),
  ];
  const first = mergePreload({ version: 1, images: [] }, images, { store: "overlay2" });
  return formatPreload(mergePreload(first, images, { store: "containerd", namespace: "k8s.io" }));
}

describe("preload.schema.json", () => {
  const validate = compile("preload.schema.json");

  it("describes what PRELOAD writes", () => {
    assertValid(validate, written());
    assertValid(validate, formatPreload({ version: 1, images: [] }));
  });

  it("names the stores that there are", () => {
    const { $defs } = readSchema("preload.schema.json") as {
      $defs: { image: { properties: { store: { enum: string[] } } } };
    };
    assert.deepEqual($defs.image.properties.store.enum, [...storeNames]);
  });

  type Image = Record<string, unknown> & { reference: Record<string, unknown> };
  const faults: [fault: string, change: (image: Image, file: Record<string, unknown>) => void][] = [
    ["another version", (_, file) => Object.assign(file, { version: 2 })],
    ["a member that there is not", (image) => Object.assign(image, { size: 1 })],
    ["a missing digest", (image) => delete image.reference.digest],
    ["a digest of another kind", (image) => Object.assign(image, { imageId: "sha512:00" })],
    ["a missing namespace in containerd", (image) => delete image.namespace],
    ["a namespace in overlay2", (image) => Object.assign(image, { store: "overlay2" })],
    ["a store that there is not", (image) => Object.assign(image, { store: "zfs" })],
  ];
  for (const [fault, change] of faults) {
    it(`refuses ${fault}`, () => {
      const file = JSON.parse(written()) as Record<string, unknown> & { images: Image[] };
      const image = file.images.find(({ store }) => store === "containerd");
      assert.ok(image);
      change(image, file);
      assert.ok(!validate(file));
    });
  }
});

describe("label.schema.json", () => {
  const validate = compile("label.schema.json");

  it("describes the label that PRELOAD writes", () => {
    assertValid(validate, formatLabel(0));
    assertValid(validate, formatLabel(70));
  });

  for (const label of ["[]", '{"version":1,"layers":1}', '{"version":2}', '{"version":2,"layers":1.5}']) {
    it(`does not describe ${label}`, () => assert.ok(!validate(JSON.parse(label))));
  }
});
