import { neededStages, targetStage } from "../../dockerfile/stages.js";
import type { Result } from "../../gen/gateway.js";
import { lintRequest } from "../../upstream/lint.js";
import { type UpstreamRequest, withText } from "../../upstream/request.js";
import { solveUpstream, tryUpstream } from "../../upstream/solve.js";
import { withOriginalText } from "../../upstream/subrequest.js";
import type { Task } from "../build-context.js";
import { questionText } from "./question.js";
import { withQuietBases } from "./quiet-bases.js";
import { withOwnWarnings } from "./warnings.js";

/** `docker build --check`, `--call=outline`, `--call=targets`: upstream's answer, with the user's text. */
export async function answerQuestion(task: Task): Promise<Result> {
  const { bridge, source, dockerfile, request } = task;
  const text = questionText(dockerfile);
  const asked = (about: UpstreamRequest): UpstreamRequest => withText({ request: about, source }, text);
  const known =
    (await tryUpstream(bridge, asked(request))) ??
    (await solveUpstream(bridge, asked(await withQuietBases(task))));
  const answer = withOriginalText(known, text, source.text);
  if (request.options.requestid !== lintRequest) return answer;
  const target = request.options.target ? targetStage(dockerfile, request.options.target) : undefined;
  const bases = dockerfile.stages.map(({ base }) => base);
  const stages = target ? neededStages(dockerfile, target, bases) : dockerfile.stages;
  return withOwnWarnings(answer, task, stages);
}
