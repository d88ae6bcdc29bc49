import { existsSync, readFileSync } from "node:fs";
import { LarderError } from "../../error.js";
import type { BuildOptions } from "../../gateway/options.js";
import { Definition, Op } from "../../gen/ops.js";
import { digestOf } from "../../image/digest.js";
import { formatReference, parseReference } from "../../image/reference.js";
import { image, source } from "../../llb/source.js";
import { fromDefinition, type Output } from "../../llb/state.js";

/** The builder's own definition of the running frontend's image. */
const definitionFile = "/run/config/buildkit/metadata/frontend.bin";

/**
 * The image of this frontend, as the root of build steps. The definition may be unreadable in a user namespace (its
 * file is the daemon's, mode 0400). Then the image is found by its name.
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
 * The same image as another vertex. The builder's own vertex ran before the builder knew `--cache-from`, and BuildKit
 * 0.25 gives no cache keys of such a vertex that another cache could find.
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

/** The builder records the image's use as that of a frontend. */
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
