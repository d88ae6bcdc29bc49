import { lintRequest } from "../dockerfile/lint.js";
import type { Dockerfile } from "../dockerfile/parse.js";
import type { Source } from "../dockerfile/read.js";
import { neededStages, targetStage } from "../dockerfile/stages.js";
import { type StockRequest, solveStock, withText } from "../dockerfile/stock-frontend.js";
import { withOriginalText } from "../dockerfile/subrequest.js";
import type { Bridge } from "../gateway/bridge.js";
import type { Result } from "../gen/gateway.js";
import { withOwnWarnings } from "./lint.js";
import { questionText } from "./question.js";

/** `docker build --check`, `--call=outline`, `--call=targets`: the stock frontend's answer, about the user's text. */
export async function answerQuestion(
  { bridge, source, dockerfile }: { bridge: Bridge; source: Source; dockerfile: Dockerfile },
  request: StockRequest,
): Promise<Result> {
  const text = questionText(dockerfile);
  const given = await solveStock(bridge, withText(request, source, text));
  const answer = withOriginalText(given, text, source.text);
  if (request.options.requestid !== lintRequest) return answer;
  const target = request.options.target ? targetStage(dockerfile, request.options.target) : undefined;
  const bases = dockerfile.stages.map(({ base }) => base);
  const stages = target ? neededStages(dockerfile, target, bases) : dockerfile.stages;
  return withOwnWarnings(answer, request, dockerfile, stages);
}
