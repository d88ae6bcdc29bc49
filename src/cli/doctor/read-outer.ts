/** Asks the outer engine about a container. */
import type Docker from "dockerode";
import { LarderError } from "../../error.js";
import { isObject } from "../../is-object.js";
import { preloadLabel } from "../../shelf/label.js";
import { type Engine, engineError } from "../images/engine.js";
import { commandOf, environmentFacts, type ImageFacts, type Mount, type OuterFacts } from "./facts.js";

/** @throws LarderError if the engine cannot be reached, or has no such container. */
export async function readOuterFacts(engine: Engine, container: string): Promise<OuterFacts> {
  const { docker } = engine;
  try {
    const found = await docker.getContainer(container).inspect();
    const [own, named, info, mounts] = await Promise.all([
      unlessGone(docker.getImage(found.Image).inspect()),
      unlessGone(docker.getImage(found.Config.Image).inspect()),
      docker.info() as Promise<{ ServerVersion?: string; Driver?: string }>,
      Promise.all(found.Mounts.map((mount) => readMount(docker, mount, found.Created))),
    ]);
    const { Config, HostConfig, State } = found;
    const command = commandOf({ ...Config });
    return {
      name: found.Name.replace(/^\//, ""),
      id: found.Id,
      isRunning: State.Running && !State.Paused,
      state: State.Status,
      image: imageFacts(found, own?.Id, named?.Id),
      command,
      isOverridden: own && String(command) !== String(commandOf({ ...own.Config })),
      environment: environmentFacts(Config.Env),
      mounts: [...mounts, ...tmpfsOf(HostConfig)],
      runtime: HostConfig.Runtime ?? "",
      isPrivileged: HostConfig.Privileged ?? false,
      isReadOnly: HostConfig.ReadonlyRootfs ?? false,
      engine: { version: info.ServerVersion ?? "", driver: info.Driver ?? "" },
    };
  } catch (error) {
    if (!isStatus(error, 404)) throw engineError(error, engine);
    throw new LarderError(
      `the engine at ${engine.address} has no container "${container}": docker ps --all lists those it has`,
      { cause: error },
    );
  }
}

/** The image's labels are the container's, too, also when the image is gone. */
function imageFacts(
  { Image, Config }: Docker.ContainerInspectInfo,
  own: string | undefined,
  named: string | undefined,
): ImageFacts {
  return {
    name: Config.Image,
    label: Config.Labels[preloadLabel] || undefined,
    now: named === undefined ? "gone" : named === (own ?? Image) ? "the same" : "another",
  };
}

/** The engine does not list those of `--tmpfs` among the mounts. */
function tmpfsOf({ Tmpfs = {} }: Docker.HostConfig): Mount[] {
  return Object.entries((Tmpfs ?? {}) as Readonly<Record<string, string>>).map(([destination, options]) => ({
    type: "tmpfs",
    source: "",
    destination,
    isReadOnly: options.split(",").includes("ro"),
  }));
}

async function readMount(
  docker: Docker,
  { Type, Name, Source, Destination, RW }: Docker.ContainerInspectInfo["Mounts"][number],
  created: string,
): Promise<Mount> {
  const volume = Name === undefined ? undefined : await unlessGone(docker.getVolume(Name).inspect());
  const made = (volume as { CreatedAt?: string } | undefined)?.CreatedAt;
  const age = made === undefined ? Number.NaN : (Date.parse(created) - Date.parse(made)) / 1000;
  return {
    type: Type ?? "volume",
    source: Name ?? Source,
    destination: Destination,
    isReadOnly: !RW,
    ...(!Number.isNaN(age) && { age }),
  };
}

async function unlessGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

export function isStatus(error: unknown, ...codes: readonly number[]): boolean {
  return isObject(error) && codes.some((code) => error.statusCode === code);
}
