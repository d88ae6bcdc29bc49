/**
 * Questions about a Dockerfile (`docker build --check`, `--call=outline`): upstream gets a file in which a LABEL holds
 * the words of PRELOAD.
 */
import { Draft } from "../../dockerfile/draft.js";
import {
  type Dockerfile,
  type Instruction,
  preloadsOf,
  preloadTriggersOf,
  type Stage,
} from "../../dockerfile/parse.js";
import { probeInstruction } from "../../dockerfile/probe.js";
import { type Bases, baseStage } from "../../dockerfile/stages.js";
import { parsePlatform } from "../../image/platform.js";
import { predefinedPlatforms, writtenWords } from "../directive/written-words.js";

/**
 * The text for a question. With it, PRELOAD's variables count as used if they are declared, and as undefined if not.
 */
export function questionText(dockerfile: Dockerfile): string {
  return draftQuestion(dockerfile).toString();
}

/** The name of the last stage, if it has none of its own. */
const lastStage = "larder-target";

/**
 * The text for a question about one stage and the stages that it needs, which requires a name.
 * @param platform The build's, if it names one: it goes into the FROMs, since the linter does not know it.
 */
export function questionAbout(
  { dockerfile, ...expanded }: { readonly dockerfile: Dockerfile } & Bases,
  target: Stage,
  platform: string | undefined,
): { text: string; target: string } {
  const draft = draftQuestion(dockerfile);
  for (const stage of dockerfile.stages) {
    const { from } = stage;
    const keyword = writtenKeyword(dockerfile, from);
    const flags = platform && takesPlatform(dockerfile, stage, expanded) ? [platformFlag(platform)] : [];
    const isNameless = stage === target && target.name === undefined;
    const name = isNameless ? [inCaseOf(keyword, "AS"), lastStage] : [];
    if (flags.length + name.length === 0) continue;
    const written = [keyword, ...flags, from.text, ...name].join(" ");
    draft.blank(from.lines).put(from.lines.start, written);
  }
  return { text: draft.toString(), target: target.name ?? lastStage };
}

/** Does a stage use its base image for the platform of the build? */
function takesPlatform(dockerfile: Dockerfile, stage: Stage, { bases, platforms }: Bases): boolean {
  const isImage = bases[stage.index] !== "scratch" && !baseStage(dockerfile, stage, bases);
  return isImage && !platforms[stage.index];
}

/** In a form that no rule finds: there is a rule about constants, and one about `$TARGETPLATFORM`. */
function platformFlag(platform: string): string {
  const hasVariant = parsePlatform(platform).variant !== undefined;
  return `--platform=$TARGETOS/$TARGETARCH${hasVariant ? "/$TARGETVARIANT" : ""}`;
}

function draftQuestion(dockerfile: Dockerfile): Draft {
  const draft = new Draft(dockerfile.text);
  for (const preload of dockerfile.stages.flatMap(preloadsOf)) {
    const { asked } = writtenWords(preload, dockerfile.escape);
    // In a LABEL, these would need an ARG.
    const words = asked.filter((word) => predefinedPlatforms([word], []).length === 0);
    const label = inCaseOf(writtenKeyword(dockerfile, preload), "LABEL");
    const probe = probeInstruction({ words, variables: [] }).replace(/^LABEL/, label);
    draft.blank(preload.lines).put(preload.lines.start, probe);
  }
  for (const trigger of dockerfile.stages.flatMap(preloadTriggersOf)) {
    const label = probeInstruction({ words: [], variables: [] });
    draft.blank(trigger.lines).put(trigger.lines.start, `${writtenKeyword(dockerfile, trigger)} ${label}`);
  }
  return draft;
}

function writtenKeyword({ text }: Dockerfile, { keyword, lines }: Instruction): string {
  const line = text.split("\n")[lines.start - 1] ?? "";
  return line.trimStart().slice(0, keyword.length);
}

/** There are rules about capital and small letters of instructions. */
function inCaseOf(written: string, keyword: string): string {
  return written === written.toLowerCase() ? keyword.toLowerCase() : keyword;
}
