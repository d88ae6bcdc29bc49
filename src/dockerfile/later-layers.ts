import type { Dockerfile, Instruction, Stage } from "./parse.js";
import { type Bases, baseStage } from "./stages.js";

/** The number of layers that an instruction makes. A PRELOAD makes three at least: files, blobs and the catalog. */
const layersBy: Readonly<Record<string, number>> = { RUN: 1, COPY: 1, ADD: 1, WORKDIR: 1, PRELOAD: 3 };

/**
 * The highest number of layers that instructions below a place in a stage add to an image. Instructions of stages that
 * build FROM this one count, too. All stages count, so that the result of a PRELOAD is the same for every target.
 * @param line after which the instructions stand, 1-based; 0 for the whole stage.
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
