/** `docker build --check`, with the one rule that the stand-in has. */
import { Result } from "../../src/gen/gateway.js";
import { Refusal } from "./fake-builder.js";
import { rangesOf } from "./fake-graph.js";
import { type Question, Stages } from "./fake-stages.js";

export interface Check {
  skips(rule: string): boolean;
  readonly isStrict: boolean;
}

/** `# check=skip=A,B;error=true`, or the build argument in its place. */
export function readCheck(text: string, argument: string | undefined): Check {
  const value = argument ?? /^#\s*check=(.*)$/m.exec(text)?.[1] ?? "";
  const skipped = (/skip=([^;]*)/.exec(value)?.[1] ?? "").split(",");
  return {
    skips: (rule) => skipped.includes("all") || skipped.includes(rule),
    isStrict: /error=true/.test(value),
  };
}

export function answerLint(question: Question, check: Check): Result {
  const { options, source } = question;
  if (options.requestid !== "frontend.lint") throw new Refusal(`unsupported request ${options.requestid}`);
  let buildError: object | undefined;
  let found: Stages["warnings"] = [];
  try {
    const stages = new Stages(question);
    found = stages.warnings;
    if (options.target) stages.build(options.target);
    else stages.buildAll();
  } catch (error) {
    buildError = { message: (error as Error).message, location: { ranges: [] } };
  }
  const warnings = found
    .filter(({ ruleName }) => !check.skips(ruleName))
    .map(({ ruleName, detail, lines }) => {
      const description = "Variables should be defined before their use";
      return { ruleName, description, detail, location: { ranges: rangesOf(lines) } };
    });
  const { filename, text } = source;
  const sources = [{ filename, data: Buffer.from(text).toString("base64"), language: "Dockerfile" }];
  const answer = { warnings, sources, ...(buildError && { buildError }) };
  const failed = buildError || (check.isStrict && warnings.length > 0);
  return Result.fromPartial({
    metadata: {
      "result.json": Buffer.from(JSON.stringify(answer)),
      "result.txt": Buffer.from(warnings.map(({ ruleName }) => `WARNING: ${ruleName}\n`).join("")),
      "result.statuscode": Buffer.from(failed || warnings.length > 0 ? "1" : "0"),
      version: Buffer.from("1.0.0"),
    },
  });
}
