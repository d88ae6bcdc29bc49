import { existsSync, readFileSync } from "node:fs";
import { LarderError } from "../../error.js";
import type { BuildOptions } from "../../gateway/options.js";
import { Definition, Op } from "../../gen/ops.js";
import { digestOf } from "../../image/digest.js";
import { formatReference, parseReference } from "../../image/reference.js";
import { image, source } from "../../llb/source.js";
import { fromDefinition, type Output } from "../../llb/state.js";

/** The builder's own definition of the frontend image that runs now. */
const definitionFile = "/run/config/buildkit/metadata/frontend.bin";

/**
 * The image that this frontend runs from, as the root of build steps. The definition may be unreadable in
 * a user namespace (its file is the daemon's, mode 0400); then the image is found by its name again.
 */
export function larderImage(options: BuildOptions): Output {
  const fromBuilder = readDefinition();
  if (fromBuilder) return asBaseImage(fromBuilder);
  const { source } = options.frontend;
  if (!source)
    throw new LarderError("the builder does not say which image this frontend is; use a # syntax= line");
  return image("[larder] load frontend image", formatReference(parseReference(source)));
}

/**
 * The same image, but a vertex of its own. The one that the builder gave ran before the builder was told of
 * `--cache-from`; of a vertex that has run, BuildKit 0.25 tells nothing that another cache could be asked by.
 */
function asBaseImage(given: Output): Output {
  const { vertex } = given;
  if (vertex.kind === "own") return given;
  const bytes = vertex.definition.def.find((op) => digestOf(Buffer.from(op)) === vertex.digest);
  const { op, platform } = Op.decode(bytes ?? Buffer.alloc(0));
  if (op?.$case !== "source" || op.value.attrs[recordType] === undefined) return given;
  const { [recordType]: _, ...attrs } = op.value.attrs;
  return source("[larder] load frontend image", op.value.identifier, attrs, platform);
}

/** What the builder books the image as: a frontend. */
const recordType = "image.recordtype";

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
