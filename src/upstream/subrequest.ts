/** Answers to `docker build --check` and `--call`, which are questions about a Dockerfile. */
import type { Result } from "../gen/gateway.js";

/** The answer with the user's text in place of the text that upstream was given. */
export function withOriginalText(answer: Result, given: string, original: string): Result {
  const json = answer.metadata["result.json"]?.toString("utf8");
  if (json === undefined) return answer;
  const encode = (text: string): string => Buffer.from(text).toString("base64");
  const patched = json.replaceAll(encode(given), encode(original));
  return { ...answer, metadata: { ...answer.metadata, "result.json": Buffer.from(patched) } };
}
