import { lintRequest } from "../dockerfile/lint.js";
import { neededStages, targetStage } from "../dockerfile/stages.js";
import {
  isUnknownPreload,
  meetsUnknownPreload,
  type StockRequest,
  solveStock,
  withText,
} from "../dockerfile/stock-frontend.js";
import { withOriginalText } from "../dockerfile/subrequest.js";
import type { Result } from "../gen/gateway.js";
import type { Task } from "./build-context.js";
import { questionText } from "./directive/question.js";
import { withOwnWarnings } from "./lint.js";
import { withQuietBases } from "./quiet-bases.js";

/** `docker build --check`, `--call=outline`, `--call=targets`: the stock frontend's answer, about the user's text. */
export async function answerQuestion(task: Task, request: StockRequest): Promise<Result> {
  const { bridge, source, dockerfile } = task;
  const text = questionText(dockerfile);
  const ask = (asked: StockRequest): Promise<Result> => solveStock(bridge, withText(asked, source, text));
  const given = await ask(request).catch((error: unknown) => {
    if (!isUnknownPreload(error)) throw error;
  });
  // Only the images that stages build FROM know of such triggers: they are looked up when there is a need.
  const known = given && !meetsUnknownPreload(given) ? given : await ask(await withQuietBases(task, request));
  const answer = withOriginalText(known, text, source.text);
  if (request.options.requestid !== lintRequest) return answer;
  const target = request.options.target ? targetStage(dockerfile, request.options.target) : undefined;
  const bases = dockerfile.stages.map(({ base }) => base);
  const stages = target ? neededStages(dockerfile, target, bases) : dockerfile.stages;
  return withOwnWarnings(answer, request, dockerfile, stages);
}
