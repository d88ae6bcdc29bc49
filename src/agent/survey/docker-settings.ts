import { LarderError } from "../../error.js";
import { isObject } from "../../is-object.js";
import { daemonJson, readDaemonJson } from "./daemon-json.js";

/** Docker's settings that its store depends on, each with the place that it is from. */
export interface DockerSettings {
  /** The data root. */
  readonly root: string;
  readonly driver: { readonly value: string; readonly by: string } | undefined;
  /** The feature `containerd-snapshotter`. */
  readonly snapshotter: { readonly value: boolean } | undefined;
  /** Where users are remapped, or Docker made rootless. */
  readonly remap: string | undefined;
  readonly rootless: string | undefined;
}

/** Flags by the names that they have in daemon.json. */
const flags: Readonly<Record<string, string>> = {
  "--data-root": "root",
  "--graph": "root",
  "-g": "root",
  "--config-file": "config",
  "--storage-driver": "driver",
  "-s": "driver",
  "--userns-remap": "remap",
};

/** As dockerd reads them: a variable outdoes daemon.json, and daemon.json is taken for all that it names. */
export async function readDockerSettings(
  stage: string,
  env: readonly string[],
  args: readonly string[],
): Promise<DockerSettings> {
  const given = parseFlags(args);
  const file = given.get("config") || daemonJson;
  const json = await readDaemonJson(stage, file);
  const inFile = (key: string): string | undefined => {
    const value = json[key];
    if (value === undefined || typeof value === "string") return value;
    throw new LarderError(
      `the stage's ${file} has a ${key} that is no text: mend it in the base image, or above PRELOAD`,
    );
  };
  const variable = (name: string) =>
    env.findLast((line) => line.startsWith(`${name}=`))?.slice(name.length + 1) || undefined;

  const features = json.features;
  const enabled = isObject(features) ? features["containerd-snapshotter"] : undefined;
  const flagged = given.get("snapshotter");
  const snapshotter = enabled === undefined ? flagged && isTrue(flagged) : isTrue(String(enabled));
  const drivers = [
    [variable("DOCKER_DRIVER"), "the variable DOCKER_DRIVER"],
    [inFile("storage-driver"), `storage-driver in ${file}`],
    [given.get("driver"), "--storage-driver"],
  ] as const;
  const driver = drivers.find(([value]) => value);
  const root = inFile("data-root") || inFile("graph") || given.get("root") || "/var/lib/docker";
  const remap = inFile("userns-remap");
  return {
    root: root.replace(/(?<=.)\/$/, ""),
    driver: driver?.[0] === undefined ? undefined : { value: driver[0], by: driver[1] },
    snapshotter: typeof snapshotter === "boolean" ? { value: snapshotter } : undefined,
    remap: remap ? `userns-remap in ${file}` : given.get("remap") ? "--userns-remap" : undefined,
    rootless: given.has("rootless")
      ? "--rootless"
      : variable("ROOTLESSKIT_STATE_DIR") && "the variable ROOTLESSKIT_STATE_DIR",
  };
}

function isTrue(text: string): boolean {
  return ["true", "1", "t", "T", "TRUE", "True"].includes(text);
}

function parseFlags(args: readonly string[]): Map<string, string> {
  const given = new Map<string, string>();
  for (const [index, word] of args.entries()) {
    const [, flag = word, value = args[index + 1] ?? ""] =
      /^(--[^=]*|-[gs])=(.*)$/s.exec(word) ?? /^(-[gs])(.+)$/s.exec(word) ?? [];
    const name = flags[flag];
    if (name !== undefined) given.set(name, value);
    else if (flag === "--feature") {
      const feature = /^containerd-snapshotter(?:=(.*))?$/.exec(value);
      if (feature) given.set("snapshotter", feature[1] ?? "true");
    } else if (flag === "--rootless") {
      if (/=(?:false|0)$/.test(word)) given.delete("rootless");
      else given.set("rootless", "true");
    }
  }
  return given;
}
