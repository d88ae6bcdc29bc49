/** The build's secrets for a registry, in the form that skopeo needs. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { Places } from "../job.js";
import { parseAuthorities } from "./authorities.js";
import { findLogin, type Login } from "./credentials.js";

export interface Access {
  readonly login: Login;
  /** A file with credentials, if skopeo needs one. */
  readonly authFile: string | undefined;
  /** A directory with the certificates of the secret larder-ca. */
  readonly certificates: string | undefined;
  /** The number of these certificates. */
  readonly authorities: number;
  /** Removes the files. */
  close(): Promise<void>;
}

/** In memory: no secret gets onto a disk. */
const memory = "/dev/shm";

/** @throws LarderError if a secret has another form. */
export async function openAccess(registry: string, places: Pick<Places, "auth" | "ca">): Promise<Access> {
  const [config, ca] = await Promise.all([readSecret(places.auth), readSecret(places.ca)]);
  const found = findLogin(config?.toString("utf8"), registry);
  const authorities = ca === undefined ? [] : parseAuthorities(ca);
  const ownConfig = typeof found.config === "object" ? found.config.text : undefined;
  const files = {
    ...(ownConfig !== undefined && { "config.json": ownConfig }),
    // skopeo takes each file that ends in .crt for a CA.
    ...(authorities.length > 0 && { "larder.crt": `${authorities.join("\n")}\n` }),
  };
  const folder = await writeInMemory(files);
  return {
    login: found.login,
    authFile: found.config === "as given" ? places.auth : ownConfig && `${folder}/config.json`,
    certificates: authorities.length > 0 ? folder : undefined,
    authorities: authorities.length,
    close: async () => {
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** @returns the folder with the files; undefined if there are none. */
async function writeInMemory(files: Readonly<Record<string, string>>): Promise<string | undefined> {
  if (Object.keys(files).length === 0) return undefined;
  const folder = await mkdtemp(`${memory}/larder-`);
  for (const [name, text] of Object.entries(files))
    await writeFile(`${folder}/${name}`, text, { mode: 0o600 });
  return folder;
}

/** @returns undefined if the build has no such secret. */
async function readSecret(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
