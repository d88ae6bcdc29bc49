import { LarderError } from "../error.js";
import type { ErrorReport } from "./job.js";

/** An error that tells the frontend more than a sentence. */
export class StepError extends LarderError {
  readonly facts: Omit<ErrorReport, "message">;

  constructor(message: string, facts: StepError["facts"], cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.facts = facts;
  }
}

/** Works with one of a job's images. @throws any error of the work, as an error about that image. */
export async function aboutImage<Value>(index: number, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (thrown) {
    const { message } = LarderError.from(thrown);
    throw new StepError(message, { image: index }, thrown);
  }
}
