import type Docker from "dockerode";
import { LarderError } from "../../error.js";
import type { Platform } from "../../image/platform.js";
import { isObject } from "../../is-object.js";
import { type Engine, engineError } from "../images/engine.js";

/** A running container, and the platform of its image. */
export interface OpenContainer {
  readonly container: Docker.Container;
  readonly platform: Platform;
}

/** @throws LarderError for a container that is not there or does not run, with what is possible then. */
export async function openContainer(engine: Engine, name: string): Promise<OpenContainer> {
  const container = engine.docker.getContainer(name);
  const { Id, State, Image } = await container.inspect().catch((error: unknown) => {
    if (!isObject(error) || error.statusCode !== 404) throw engineError(error, engine);
    throw new LarderError(`there is no container "${name}" at ${engine.address}: docker ps --all lists them`);
  });
  if (State.Paused) throw new LarderError(`container "${name}" is paused: docker unpause ${name} first`);
  if (!State.Running) {
    throw new LarderError(
      `container "${name}" does not run (${State.Status}), so its inner daemon cannot give its images: docker start ${name} ` +
        "first; or docker commit keeps its files alone",
    );
  }
  const { Os, Architecture, Variant } = await engine.docker.getImage(Image).inspect();
  return {
    container: engine.docker.getContainer(Id),
    platform: { os: Os, architecture: Architecture, ...(Variant && { variant: Variant }) },
  };
}
