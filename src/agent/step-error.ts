import { LarderError } from "../error.js";
import type { ErrorReport } from "./job.js";

/** An error of which the frontend is told more than the sentence. */
export class StepError extends LarderError {
  readonly facts: Omit<ErrorReport, "message">;

  constructor(message: string, facts: StepError["facts"], cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.facts = facts;
  }
}

/** Does something with one of a job's images. @throws what it throws, as an error about that image. */
export async function aboutImage<Value>(index: number, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (thrown) {
    const { message } = LarderError.from(thrown);
    throw new StepError(message, { image: index }, thrown);
  }
}
