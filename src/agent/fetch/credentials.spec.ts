import assert from "node:assert/strict";
import { findLogin } from "./credentials.js";

const auth = { auth: "bGFyZGVyOnNlY3JldA==" };

describe("findLogin", () => {
  const nowhere = (): boolean => false;
  const find = (
    config: object | string,
    registry = "ghcr.io",
    canRun: (program: string) => boolean = nowhere,
  ) => findLogin(typeof config === "string" ? config : JSON.stringify(config), registry, canRun);

  const cases: [title: string, config: object, registry: string, login: object, config: unknown][] = [
    ["nothing in it", {}, "ghcr.io", { kind: "absent" }, undefined],
    ["a login", { auths: { "ghcr.io": auth } }, "ghcr.io", { kind: "written" }, "as given"],
    ["a login of another registry", { auths: { "quay.io": auth } }, "ghcr.io", { kind: "absent" }, undefined],
    [
      "Docker Hub by its old name",
      { auths: { "https://index.docker.io/v1/": auth } },
      "docker.io",
      { kind: "written" },
      "as given",
    ],
    [
      "a namespace, as of Podman",
      { auths: { "ghcr.io/a": auth } },
      "ghcr.io",
      { kind: "written" },
      "as given",
    ],
    ["a token", { auths: { "ghcr.io": { identitytoken: "t" } } }, "ghcr.io", { kind: "written" }, "as given"],
    [
      "a store, with the mark that it has the login",
      { auths: { "ghcr.io": {} }, credsStore: "desktop" },
      "ghcr.io",
      { kind: "helper", program: "docker-credential-desktop" },
      undefined,
    ],
    [
      "a store, and a login beside it",
      { auths: { "ghcr.io": auth }, credsStore: "desktop" },
      "ghcr.io",
      { kind: "written" },
      "as given",
    ],
    [
      "a helper",
      { credHelpers: { "ghcr.io": "ecr-login" } },
      "ghcr.io",
      { kind: "helper", program: "docker-credential-ecr-login" },
      undefined,
    ],
    [
      "a helper of another registry",
      { credHelpers: { "quay.io": "x" } },
      "ghcr.io",
      { kind: "absent" },
      undefined,
    ],
    [
      "a helper, and a login beside it: skopeo would look at the helper alone",
      { auths: { "ghcr.io": auth }, credHelpers: { "ghcr.io": "x" } },
      "ghcr.io",
      { kind: "written" },
      { text: JSON.stringify({ auths: { "ghcr.io": auth } }) },
    ],
    [
      "names of stores that are empty",
      { credsStore: "", credHelpers: { "ghcr.io": "" } },
      "ghcr.io",
      { kind: "absent" },
      undefined,
    ],
    [
      "members of another form",
      { auths: [], credHelpers: "x", credsStore: 1 },
      "ghcr.io",
      { kind: "absent" },
      undefined,
    ],
  ];
  for (const [title, config, registry, login, given] of cases) {
    it(title, () => assert.deepEqual(find(config, registry), { login, config: given }));
  }

  it("no secret", () => {
    assert.deepEqual(findLogin(undefined, "ghcr.io"), { login: { kind: "none" }, config: undefined });
  });

  it("a helper that somebody put into the frontend image", () => {
    const found = find(
      { credHelpers: { "ghcr.io": "x" } },
      "ghcr.io",
      (name) => name === "docker-credential-x",
    );
    assert.deepEqual(found, { login: { kind: "written" }, config: "as given" });
  });

  it("refuses text that is no config, and repeats nothing of it", () => {
    for (const text of ['{"auths": "hunter2', "hunter2", '["hunter2"]', '"hunter2"']) {
      assert.throws(
        () => find(text),
        (error: Error) =>
          /^the secret larder-auth is not/.test(error.message) && !/hunter2/.test(error.message),
      );
    }
  });
});
