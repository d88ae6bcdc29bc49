import type { Build } from "./build.js";
import { docker } from "./docker.js";
import { buildkitd, labImage } from "./lab.js";

/** The way of a tagged image into the engine that will run it. */
interface Delivery {
  readonly flags: readonly string[];
  /** Called after the build. */
  finish(): Promise<void>;
}

/**
 * An engine has the images that it builds. From a buildkitd, it pulls them through the lab's registry, which has all
 * but the newest layers: `--load` would move the whole image each time.
 */
export function deliver({ tag, engine = "containerd", args = [] }: Build): Delivery {
  if (tag === undefined) return { flags: [], finish: nothing };
  const isElsewhere = args.some((arg) => /^--(output|load|call)\b/.test(arg));
  if (!buildkitd || engine !== "containerd" || isElsewhere) return { flags: ["--tag", tag], finish: nothing };
  if (args.includes("--push")) return { flags: ["--tag", tag], finish: () => pull(tag) };
  const name = labImage(`e2e-delivery/${tag.replaceAll(/[^a-z0-9]+/g, "-")}:1`);
  return {
    flags: ["--tag", name, "--push"],
    finish: async () => {
      await pull(name);
      await docker(["image", "tag", name, tag]);
      await docker(["image", "rm", name]);
    },
  };
}

async function nothing(): Promise<void> {}

async function pull(image: string): Promise<void> {
  await docker(["pull", "--quiet", image]);
}
