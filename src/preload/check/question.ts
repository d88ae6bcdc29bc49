/**
 * Questions about a Dockerfile (`docker build --check`, `--call=outline`): upstream is asked about a file
 * where what PRELOAD says stands in a LABEL.
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
import type { Bases } from "../../dockerfile/stages.js";
import { baseStage } from "../../dockerfile/stages.js";
import { parsePlatform } from "../../image/platform.js";
import { predefinedPlatforms, writtenWords } from "../directive/written-words.js";

/** So the variables of PRELOAD count as used where they are declared, and as undefined where they are not. */
export function questionText(dockerfile: Dockerfile): string {
  return draftQuestion(dockerfile).toString();
}

/** The name that the last stage gets where it has none. */
const lastStage = "larder-target";

/**
 * The same, about one stage and what it needs: that takes a name.
 * @param platform The build's, if it names one: FROMs say it, since the linter does not know it.
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

/** Whether an image is built FROM for the platform of the build. */
function takesPlatform(dockerfile: Dockerfile, stage: Stage, { bases, platforms }: Bases): boolean {
  const isImage = bases[stage.index] !== "scratch" && !baseStage(dockerfile, stage, bases);
  return isImage && !platforms[stage.index];
}

/** In words that no rule is about: there is one about constants, and one about `$TARGETPLATFORM`. */
function platformFlag(platform: string): string {
  const hasVariant = parsePlatform(platform).variant !== undefined;
  return `--platform=$TARGETOS/$TARGETARCH${hasVariant ? "/$TARGETVARIANT" : ""}`;
}

function draftQuestion(dockerfile: Dockerfile): Draft {
  const draft = new Draft(dockerfile.text);
  for (const preload of dockerfile.stages.flatMap(preloadsOf)) {
    const { asked } = writtenWords(preload, dockerfile.escape);
    // A LABEL would need an ARG for these.
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

/** There are rules about the case of instructions. */
function inCaseOf(written: string, keyword: string): string {
  return written === written.toLowerCase() ? keyword.toLowerCase() : keyword;
}
