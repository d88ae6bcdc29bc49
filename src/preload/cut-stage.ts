/** One cut: what stands above a PRELOAD, the PRELOAD itself, and what the stage builds FROM below it. */
import { mount, type StockAnswer } from "../agent/job.js";
import {
  type Cut,
  headText,
  keptInstructions,
  keptVariables,
  type SolvedCut,
  withoutKeptHistory,
} from "../dockerfile/cut.js";
import { type Stage, splitWords } from "../dockerfile/parse.js";
import { type Probe, type ProbeAnswer, readProbe } from "../dockerfile/probe.js";
import { baseStage } from "../dockerfile/stages.js";
import {
  asIntermediate,
  configOf,
  readContextFile,
  type StockRequest,
  solveStock,
  withText,
} from "../dockerfile/stock-frontend.js";
import { LarderError } from "../error.js";
import { ignoresCache } from "../gateway/options.js";
import { encodeConfig, type ImageConfig, labelsOf, withLabels } from "../image/config.js";
import { marshal } from "../llb/marshal.js";
import { fromDefinition, type Output } from "../llb/state.js";
import type { BuildContext } from "./build-context.js";
import { type Directive, parseDirective, withListed } from "./directive.js";
import { wordsInHeredocs, wordsOfFile } from "./image-list.js";
import { extendLabel, preloadLabel, readLabel } from "./label.js";
import { readLayerSizes } from "./layer-sizes.js";
import {
  type BlobLayer,
  groupLayers,
  newLayers,
  type PreloadPlan,
  planBlobLayers,
  planHistory,
  planImage,
  planOuterLayers,
} from "./plan.js";
import { isPlanOnly } from "./print-plan.js";
import { resolveImage } from "./resolve.js";
import { assemble, fetchStep, type StepContext, type Stocked, shelveBlobs, stockImages } from "./steps.js";

/** A cut with its PRELOAD done (as LLB: nothing has run yet). */
export interface PreloadedCut extends SolvedCut {
  readonly plan: PreloadPlan;
  readonly state: Output;
}

/** The stage above a cut. */
interface Head {
  readonly state: Output;
  readonly answer: ProbeAnswer;
  readonly directive: Directive;
}

export async function preloadCut(
  context: BuildContext,
  request: StockRequest,
  cut: Cut,
  done: readonly PreloadedCut[],
): Promise<PreloadedCut> {
  const ancestors = ancestorsOf(context, cut.stage);
  const head = await solveHead(context, request, cut, ancestors, done);
  const step: StepContext = {
    larder: context.larder,
    steps: context.steps,
    ignoreCache: ignoresCache(context.options, cut.stage.name),
  };
  const { plan, layouts } = await planCut(context, cut, head, step);
  const stocked = stockImages(step, plan, {
    stage: head.state,
    env: head.answer.config.config?.Env ?? [],
    layouts,
  });
  const blobLayers = isPlanOnly(context.options) ? [] : await askForBlobs(context, plan, stocked);
  const blobs = shelveBlobs(step, plan, layouts, blobLayers);
  const { variables, config } = head.answer;
  return {
    ...cut,
    plan,
    state: assemble(step, plan, head.state, [...stocked.layers, ...blobs, stocked.catalog]),
    config: preloadedConfig(config, plan, blobLayers),
    kept: keptInstructions({
      dockerfile: context.dockerfile,
      ancestors,
      cut,
      variables,
      config,
      buildArgument: (name) => request.options[`build-arg:${name}`],
    }),
  };
}

/**
 * Which store the stage's container manager has, only the manager knows: so the stock step runs now, and the outer
 * layers of blobs follow from what it found.
 */
async function askForBlobs(
  { bridge, settings }: BuildContext,
  plan: PreloadPlan,
  { answer }: Stocked,
): Promise<BlobLayer[]> {
  const { result } = await bridge.solve({ Definition: marshal(answer) });
  if (result?.$case !== "ref") throw new LarderError("the stock step left no answer", { lines: plan.lines });
  const text = await bridge.readFile(result.value.id, mount.answerFile.slice(mount.answer.length));
  const { blobs } = JSON.parse(text.toString("utf8")) as StockAnswer;
  return planBlobLayers(blobs, plan.images, settings.layerBudget);
}

/** What the stock frontend has to be told of the cuts in the file that it is given. */
export function withCuts(request: StockRequest, cuts: readonly PreloadedCut[]): StockRequest {
  const options = cuts.flatMap(({ context, config }) => {
    const metadata = { "containerimage.config": encodeConfig(config).toString("base64") };
    return [
      [`context:${context}`, `input:${context}`],
      [`input-metadata:${context}`, JSON.stringify(metadata)],
    ];
  });
  const inputs = cuts.map(({ context, state }) => [context, marshal(state)]);
  return {
    options: { ...request.options, ...Object.fromEntries(options) },
    inputs: { ...request.inputs, ...Object.fromEntries(inputs) },
  };
}

/** The cut that a stage builds on: its own last one, or that of a stage below. */
export function cutBelow<C extends Cut>(
  context: BuildContext,
  stage: Stage,
  cuts: readonly C[],
): C | undefined {
  const chain = [stage, ...ancestorsOf(context, stage)];
  const cutStage = chain.find((candidate) => cuts.some((cut) => cut.stage === candidate));
  return cuts.findLast((cut) => cut.stage === cutStage);
}

async function solveHead(
  context: BuildContext,
  request: StockRequest,
  cut: Cut,
  ancestors: readonly Stage[],
  done: readonly PreloadedCut[],
): Promise<Head> {
  const { bridge, dockerfile, source } = context;
  const { lines, text } = cut.preload;
  // A heredoc's mark is no word of PRELOAD's: the images in it are.
  const words = splitWords(text, dockerfile.escape).filter((word) => !word.startsWith("<<"));
  const listed = wordsInHeredocs(cut.preload);
  const probe: Probe = {
    words: [...words, ...listed.filter(({ expands }) => expands).map(({ word }) => word)],
    variables: keptVariables(dockerfile, ancestors, cut),
  };
  const draft = headText(dockerfile, cut, done, probe);
  const result = await solveStock(bridge, asIntermediate(withText(withCuts(request, done), source, draft)));
  const state = result.result?.$case === "ref" ? fromDefinition(result.result.value.def) : undefined;
  if (!state) {
    throw new LarderError(
      "PRELOAD: the stage is empty (FROM scratch), so it has no container manager; build FROM an image with Docker",
      { lines },
    );
  }
  const answer = readProbe(probe, withoutKeptHistory(configOf(result), cutBelow(context, cut.stage, done)));
  const expanded = answer.words.slice(words.length)[Symbol.iterator]();
  const images = listed.map(({ word, lines, expands }) => ({
    word: expands ? (expanded.next().value ?? "") : word,
    lines,
  }));
  const directive = parseDirective(words, answer.words, lines, images);
  return { state, answer, directive: await readLists(context, request, directive) };
}

async function readLists(
  { bridge, source }: BuildContext,
  request: StockRequest,
  directive: Directive,
): Promise<Directive> {
  const { lists, lines } = directive;
  if (lists.length === 0) return directive;
  const texts = await Promise.all(
    lists.map((path) =>
      readContextFile(bridge, request, source, path).catch((cause: unknown) => {
        throw new LarderError(
          `PRELOAD: --list="${path}": the build context has no such file (${LarderError.from(cause).message}); ` +
            "check the path, and that .dockerignore does not leave it out",
          { lines, cause },
        );
      }),
    ),
  );
  return withListed(
    directive,
    texts.flatMap((text) => wordsOfFile(text.toString("utf8"))),
  );
}

async function planCut(
  context: BuildContext,
  cut: Cut,
  { answer, directive }: Head,
  step: StepContext,
): Promise<{ plan: PreloadPlan; layouts: Output[] }> {
  const { config } = answer;
  const { settings, bridge } = context;
  const { lines } = directive;
  const platform = directive.platform ?? {
    os: config.os ?? "linux",
    architecture: config.architecture ?? "amd64",
    ...(config.variant && { variant: config.variant }),
  };
  const resolved = await Promise.all(directive.images.map((image) => resolveImage(bridge, image, platform)));
  const images = resolved.map((image) => planImage(image, directive.network, settings.insecureRegistries));
  const withoutLayers: PreloadPlan = {
    lines,
    stage: cut.stage.name ?? `stage-${cut.stage.index}`,
    context: cut.context,
    security: settings.security(),
    target: directive.target,
    assembly: settings.assembly,
    images,
    outerLayers: [],
  };
  const layouts = images.map((image) => fetchStep(step, withoutLayers, image));
  const present = new Set(readLabel(config).flatMap(({ layers }) => layers));
  const layers = newLayers(images, present);
  const budget = Math.max(settings.layerBudget - present.size, 1);
  const sizes =
    layers.length > budget ? await readLayerSizes(bridge, images, layouts) : new Map<string, number>();
  return {
    plan: { ...withoutLayers, outerLayers: planOuterLayers(groupLayers(layers, sizes, budget), images) },
    layouts,
  };
}

/**
 * The image at the cut. ONBUILD triggers of the stage itself must not fire where the stage goes on: they
 * are kept instructions of the part below.
 */
function preloadedConfig(
  config: ImageConfig,
  plan: PreloadPlan,
  blobLayers: readonly BlobLayer[],
): ImageConfig {
  const { OnBuild: _, ...container } = config.config ?? {};
  const labels = { ...labelsOf(config), [preloadLabel]: extendLabel(readLabel(config), plan.images) };
  const history = [...(config.history ?? []), ...planHistory(plan, blobLayers)];
  return withLabels({ ...config, config: container, history }, labels);
}

function ancestorsOf(context: BuildContext, stage: Stage): Stage[] {
  const base = baseStage(context.dockerfile, stage, context.bases);
  return base ? [base, ...ancestorsOf(context, base)] : [];
}
