/** Finds the login for a registry in the Docker config of the secret larder-auth. */

import { accessSync, constants } from "node:fs";
import { LarderError } from "../../error.js";
import { isObject } from "../../is-object.js";

export type Login =
  /** The build has no such secret. */
  | { readonly kind: "none" }
  /** The config has no entry for the registry. */
  | { readonly kind: "absent" }
  | { readonly kind: "written" }
  /** The config leaves the registry's login to a program, `docker-credential-<name>`, which is not in the step. */
  | { readonly kind: "helper"; readonly program: string };

export interface FoundLogin {
  readonly login: Login;
  /** The config for skopeo, if it needs one: the given text, or another. */
  readonly config: "as given" | { readonly text: string } | undefined;
}

interface DockerConfig {
  readonly auths?: Readonly<Record<string, unknown>>;
  readonly credsStore?: unknown;
  readonly credHelpers?: Readonly<Record<string, unknown>>;
}

/**
 * skopeo runs the helper in `credHelpers` even if no login is needed, and fails without it; it does not know
 * `credsStore`. So Larder hides a missing helper from skopeo, and images that need no login are fetched without one.
 * @param text of the secret; undefined if there is none.
 * @param registry with its port.
 * @throws LarderError if it is no Docker config.
 */
export function findLogin(
  text: string | undefined,
  registry: string,
  canRun: (program: string) => boolean = isInPath,
): FoundLogin {
  if (text === undefined) return { login: { kind: "none" }, config: undefined };
  const config = parseConfig(text);
  const named = valueFor(config.credHelpers, registry);
  const helper = typeof named === "string" && named !== "" ? named : undefined;
  if (helper !== undefined && canRun(programOf(helper)))
    return { login: { kind: "written" }, config: "as given" };
  if (isWritten(config, registry)) {
    const written = helper === undefined ? "as given" : { text: JSON.stringify({ auths: config.auths }) };
    return { login: { kind: "written" }, config: written };
  }
  const store =
    typeof config.credsStore === "string" && config.credsStore !== "" ? config.credsStore : undefined;
  const program = helper ?? store;
  const login: Login =
    program === undefined ? { kind: "absent" } : { kind: "helper", program: programOf(program) };
  return { login, config: undefined };
}

function parseConfig(text: string): DockerConfig {
  let config: unknown;
  try {
    config = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    // The parser's message quotes the text, which contains passwords.
    throw new LarderError("the secret larder-auth is not JSON: give Docker's config.json", { cause });
  }
  if (!isObject(config)) {
    throw new LarderError("the secret larder-auth is not a JSON object: give Docker's config.json");
  }
  const { auths, credHelpers, credsStore } = config;
  return {
    ...(isObject(auths) && { auths }),
    ...(isObject(credHelpers) && { credHelpers }),
    credsStore,
  };
}

function isWritten({ auths = {} }: DockerConfig, registry: string): boolean {
  return Object.entries(auths).some(
    ([key, entry]) =>
      registryOf(key) === registry && isObject(entry) && [entry.auth, entry.identitytoken].some(Boolean),
  );
}

function valueFor(map: DockerConfig["credHelpers"], registry: string): unknown {
  return Object.entries(map ?? {}).find(([key]) => registryOf(key) === registry)?.[1];
}

/** Keys are names of registries. Old keys are URLs; Podman's may continue with a path. */
function registryOf(key: string): string {
  const host = key.replace(/^https?:\/\//, "").replace(/\/.*$/s, "");
  return host === "index.docker.io" || host === "registry-1.docker.io" ? "docker.io" : host;
}

function programOf(helper: string): string {
  return `docker-credential-${helper}`;
}

/** Users who build the frontend image themselves may add helpers to it. */
function isInPath(program: string): boolean {
  return (process.env.PATH ?? "").split(":").some((directory) => {
    try {
      accessSync(`${directory}/${program}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
