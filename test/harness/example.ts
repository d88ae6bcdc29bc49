import { fileURLToPath } from "node:url";
import { atEndOfFile } from "./cleanup.js";
import { docker, tryDocker } from "./docker.js";
import { lab } from "./lab.js";

/** @returns the path of a folder in `examples`. */
export const exampleFolder = (name: string): string =>
  fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));

/** Builds the Dockerfile of an example. @param args build arguments in place of the public defaults. */
export async function buildExample(
  name: string,
  args: Readonly<Record<string, string>>,
  tag: string,
): Promise<void> {
  const settings = Object.entries({ BUILDKIT_SYNTAX: lab.frontend, ...args });
  const flags = settings.flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]);
  const allow = ["--allow", "network.host"];
  const common = ["buildx", "build", "--progress", "plain", "--tag", tag, "--load"];
  await docker([...common, ...allow, ...flags, exampleFolder(name)]);
  atEndOfFile(() => tryDocker(["image", "rm", "--force", tag]));
}
