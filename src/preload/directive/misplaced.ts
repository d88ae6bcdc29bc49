import type { Dockerfile } from "../../dockerfile/parse.js";
import { LarderError } from "../../error.js";

/** @throws LarderError for a PRELOAD above the first FROM, or an ONBUILD PRELOAD that an image cannot store. */
export function refuseMisplaced({ globals, stages }: Dockerfile): void {
  const early = globals.find(({ keyword }) => keyword === "PRELOAD");
  if (early)
    throw new LarderError("PRELOAD: no stage has begun; put it below a FROM", { lines: early.lines });
  const trigger = stages
    .flatMap(({ instructions }) => instructions)
    .find(({ keyword, text }) => keyword === "ONBUILD" && /^PRELOAD\s.*<</i.test(text));
  if (!trigger) return;
  throw new LarderError(
    "ONBUILD PRELOAD: an image keeps one line of it, without a heredoc; name the images on that line",
    { lines: trigger.lines },
  );
}
