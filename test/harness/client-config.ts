import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { lab } from "./lab.js";

/** Makes a folder for `DOCKER_CONFIG` with one login, and with the lab's buildx. @returns its path. */
export function clientConfig(
  folder: string,
  address: string,
  { username, password }: { readonly username: string; readonly password: string },
): string {
  mkdirSync(folder);
  symlinkSync(join(dirname(lab.docker), "../client/cli-plugins"), join(folder, "cli-plugins"));
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  writeFileSync(join(folder, "config.json"), JSON.stringify({ auths: { [address]: { auth } } }));
  return folder;
}
