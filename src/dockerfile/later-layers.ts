import type { Dockerfile, Instruction, Stage } from "./parse.js";
import type { Bases } from "./stages.js";
import { baseStage } from "./stages.js";

/** What makes a layer of its own. A PRELOAD below makes three at least: of files, of blobs, and the catalog. */
const layersBy: Readonly<Record<string, number>> = { RUN: 1, COPY: 1, ADD: 1, WORKDIR: 1, PRELOAD: 3 };

/**
 * How many layers instructions add to an image at most that builds on a place in a stage: those below it, and those of
 * stages that build FROM this one. All stages count, so that what a PRELOAD gives is the same for every target.
 * @param line after which the instructions stand, 1-based; 0: all of the stage.
 */
export function laterLayers(
  dockerfile: Dockerfile,
  bases: Bases["bases"],
  stage: Stage,
  line: number,
): number {
  const below = stage.instructions.filter(({ lines }) => lines.start > line);
  const children = dockerfile.stages.filter(
    (one) => baseStage(dockerfile, one, bases)?.index === stage.index,
  );
  return sum(below) + Math.max(0, ...children.map((child) => laterLayers(dockerfile, bases, child, 0)));
}

function sum(instructions: readonly Instruction[]): number {
  return instructions.reduce((total, { keyword }) => total + (layersBy[keyword] ?? 0), 0);
}
