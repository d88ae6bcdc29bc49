import { connectEngine } from "../images/engine.js";
import { type Diagnosis, diagnose } from "./diagnose.js";
import { readInnerFacts } from "./read-inner.js";
import { readOuterFacts } from "./read-outer.js";

/** @throws LarderError if the engine cannot be reached, or has no such container. */
export async function examine(container: string): Promise<Diagnosis> {
  const engine = await connectEngine();
  const outer = await readOuterFacts(engine, container);
  return diagnose(outer, await readInnerFacts(engine, outer));
}
