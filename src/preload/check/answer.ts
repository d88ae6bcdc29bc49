import { neededStages, targetStage } from "../../dockerfile/stages.js";
import type { Result } from "../../gen/gateway.js";
import { lintRequest } from "../../upstream/lint.js";
import { type StockRequest, solveStock, tryStock, withText } from "../../upstream/request.js";
import { withOriginalText } from "../../upstream/subrequest.js";
import type { Task } from "../build-context.js";
import { questionText } from "./question.js";
import { withQuietBases } from "./quiet-bases.js";
import { withOwnWarnings } from "./warnings.js";

/** `docker build --check`, `--call=outline`, `--call=targets`: the stock frontend's answer, about the user's text. */
export async function answerQuestion(task: Task, request: StockRequest): Promise<Result> {
  const { bridge, source, dockerfile } = task;
  const text = questionText(dockerfile);
  const asked = (about: StockRequest): StockRequest => withText(about, source, text);
  const known =
    (await tryStock(bridge, asked(request))) ??
    (await solveStock(bridge, asked(await withQuietBases(task, request))));
  const answer = withOriginalText(known, text, source.text);
  if (request.options.requestid !== lintRequest) return answer;
  const target = request.options.target ? targetStage(dockerfile, request.options.target) : undefined;
  const bases = dockerfile.stages.map(({ base }) => base);
  const stages = target ? neededStages(dockerfile, target, bases) : dockerfile.stages;
  return withOwnWarnings(answer, request, dockerfile, stages);
}
