import { existsSync, readFileSync } from "node:fs";
import { LarderError } from "../error.js";
import type { BuildOptions } from "../gateway/options.js";
import { Definition } from "../gen/ops.js";
import { formatReference, parseReference } from "../image/reference.js";
import { image } from "../llb/source.js";
import { fromDefinition, type Output } from "../llb/state.js";

/** The builder's own definition of the frontend image that runs now. */
const definitionFile = "/run/config/buildkit/metadata/frontend.bin";

/**
 * The image that this frontend runs from, as the root of build steps. The definition may be unreadable in
 * a user namespace (its file is the daemon's, mode 0400); then the image is found by its name again.
 */
export function larderImage(options: BuildOptions): Output {
  const fromBuilder = readDefinition();
  if (fromBuilder) return fromBuilder;
  const { source } = options.frontend;
  if (!source)
    throw new LarderError("the builder does not say which image this frontend is; use a # syntax= line");
  return image("[larder] load frontend image", formatReference(parseReference(source)));
}

function readDefinition(): Output | undefined {
  try {
    return existsSync(definitionFile)
      ? fromDefinition(Definition.decode(readFileSync(definitionFile)))
      : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") return undefined;
    throw error;
  }
}
