/**
 * A user changes the `# syntax=` line, and nothing else changes. Upstream and Larder each build every folder. For
 * upstream, PRELOADs are blank lines.
 */
import assert from "node:assert/strict";
import { atEnd, cleanUp } from "../harness/cleanup.js";
import { docker } from "../harness/docker.js";
import { builder, type EngineName, engineNames, lab } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";
import { type Case, readCases } from "./cases.js";
import {
  asOfNow,
  comparableAnswer,
  comparableError,
  comparableSteps,
  comparableWarnings,
  excerptLines,
  innerImages,
  lardersRules,
  preloadTriggers,
  withoutLarder,
} from "./comparable.js";
import { Lookahead } from "./lookahead.js";
import { comparableProvenance, compareMaterials, requestOf } from "./provenance.js";
import { describePushed, readPushed } from "./pushed-image.js";
import { ask, type Built, baseCase, buildCase, hasPreload, inLab, tagImage } from "./variant.js";

const cases = readCases();

/** On graph drivers the frontend does the same, so a part of the corpus is enough. */
const onGraphDrivers = [
  "arg-defaults-and-build-arguments",
  "copy-from",
  "error-empty-file",
  "error-heredoc-without-end",
  "error-missing-file",
  "error-mount-type",
  "error-run-fails",
  "error-unknown-image",
  "error-unknown-instruction",
  "preload-in-stages-nobody-needs",
  "run-heredoc",
  "run-mount-bind",
];

/** One frontend after the other, so that the second finds the first one's steps in the cache. */
function lookahead(some: readonly Case[], engine: EngineName) {
  const builds = new Lookahead(some, async (one): Promise<{ theirs: Built; ours: Built }> => {
    const base = some.find(({ name }) => name === baseCase(one));
    if (base) await builds.get(base);
    return { theirs: await buildCase(one, "stock", engine), ours: await buildCase(one, "larder", engine) };
  });
  return builds;
}

describe("the corpus", () => {
  const builds = lookahead(cases, "containerd");
  after(async () => {
    await builds.settled();
    await cleanUp();
  });

  for (const one of cases) {
    it(one.name, async () => {
      const { theirs, ours } = await builds.get(one);
      assertSame(one, ours, theirs);
      await (hasPreload(one) ? assertPreloaded(one, ours, theirs) : assertUntouched(ours, theirs));
      await assertProvenance(one, ours, theirs);
      for (const call of one.calls ?? []) await assertAnswers(one, call);
      assert.deepEqual(lardersRules(one, ours), one.lints ?? []);
      if (one.starts) await assertStarts(one);
    });
  }
});

if (engineNames.includes("graph")) {
  describe("the corpus, on graph drivers", () => {
    const some = cases.filter(({ name }) => onGraphDrivers.includes(name));
    const builds = lookahead(some, "graph");
    after(() => builds.settled());
    for (const one of some) {
      it(one.name, async () => {
        const { theirs, ours } = await builds.get(one);
        assertSame(one, ours, theirs);
        assert.equal(ours.image, theirs.image);
        if (!ours.image) return;
        assert.deepEqual(comparableSteps(ours.steps), comparableSteps(theirs.steps));
        await docker(["image", "rm", ours.image.replace(/.*@/, "")], { engine: "graph" });
      });
    }
  });
}

/** Compares error and warnings, which show the file as the user wrote it. */
function assertSame(one: Case, ours: Built, theirs: Built): void {
  if (!builder.isNewer) assertExpected(one, theirs);
  assert.equal(comparableError(one, ours), comparableError(one, theirs));
  assert.deepEqual(comparableSteps(ours.failed), comparableSteps(theirs.failed));
  assert.equal(ours.lastWords, theirs.lastWords);
  assert.deepEqual(comparableWarnings(one, ours), comparableWarnings(one, theirs));
  const file = inLab(one.dockerfile).split(/\r?\n/);
  for (const [number, text] of excerptLines(ours)) assert.equal(text, file[number - 1], `line ${number}`);
}

/** Checks the case's own statements: a case is useless if it fails for another reason than intended. */
function assertExpected({ fails, warns = [] }: Case, { error, warnings }: Built): void {
  if (fails === undefined) assert.equal(error, "");
  else assert.ok(error.includes(inLab(fails)), `fails otherwise: ${error || "not at all"}`);
  assert.deepEqual(
    warnings.map(({ rule }) => rule),
    warns,
  );
}

/** Asserts that upstream does every step of a file without PRELOAD. */
async function assertUntouched(ours: Built, theirs: Built): Promise<void> {
  if (!ours.image || !theirs.image) return;
  assert.deepEqual(comparableSteps(ours.steps), comparableSteps(theirs.steps));
  const [image, stock] = await Promise.all([ours.image, theirs.image].map(describePushed));
  // Differences are easier to see in the configs.
  if (JSON.stringify(image) !== JSON.stringify(stock)) {
    assert.deepEqual(await readPushed(ours.image), await readPushed(theirs.image));
  }
  assert.deepEqual(image, stock);
  const executed = comparableSteps(ours.executed).filter((name) => /^\[[^\]]*\d+\/\d+\] /.test(name));
  assert.deepEqual(executed, [], "steps that upstream's build had already made");
}

async function assertPreloaded(
  { inner = [], fetches = inner, onBuild = [] }: Case,
  ours: Built,
  theirs: Built,
): Promise<void> {
  if (!ours.image || !theirs.image) return;
  const steps = new Set(comparableSteps(ours.steps));
  const missing = comparableSteps(theirs.steps).filter((name) => !steps.has(name));
  assert.deepEqual(missing, [], "steps of upstream");
  const [image, stock] = await Promise.all([readPushed(ours.image), readPushed(theirs.image)]);
  assert.deepEqual(innerImages(image), inner.map(inLab));
  assert.deepEqual(preloadTriggers(image), onBuild.map(inLab));
  assert.deepEqual(withoutLarder(image), inner.length > 0 ? stock.map(asOfNow) : stock);
  // A builder that gives single blobs has a step for each of them.
  const fetched = ours.steps.flatMap((name) => /^\[(?:\S+ )?larder\] (fetch \S+)/.exec(name)?.[1] ?? []);
  const wanted = fetches.map((name) => `fetch ${inLab(name)}`).sort();
  // Two names may share all blobs, whose steps then have the first name.
  if (builder.givesBlobs)
    assert.deepEqual(
      [...new Set(fetched)].filter((name) => !wanted.includes(name)),
      [],
    );
  else assert.deepEqual([...new Set(fetched)], wanted);
}

/**
 * Larder is an image, and is recorded as one. Everything else is as with the built-in frontend, plus the inner images.
 */
async function assertProvenance(one: Case, ours: Built, theirs: Built): Promise<void> {
  assert.deepEqual(Object.keys(ours.provenance), Object.keys(theirs.provenance));
  if (theirs.image && Object.keys(theirs.provenance).length === 0) {
    // BuildKit attests nothing for an image without layers.
    for (const { layers } of await readPushed(theirs.image)) assert.deepEqual(layers, []);
  }
  for (const [platform, stock] of Object.entries(theirs.provenance)) {
    const own = ours.provenance[platform];
    assert.ok(own);
    assert.deepEqual(requestOf(own), { frontend: "gateway.v0", source: lab.frontend });
    assert.deepEqual(requestOf(stock), { frontend: "dockerfile.v0", source: undefined });
    assert.deepEqual(comparableProvenance(one, own), comparableProvenance(one, stock));
    const { inner = [], fetches = inner } = one;
    const { missing, names, added } = compareMaterials(own, stock);
    assert.deepEqual(missing, [], "materials of upstream");
    const larders = [lab.frontend, ...fetches.map(inLab)];
    assert.deepEqual(
      larders.filter((name) => !names.includes(name)),
      [],
      `materials of Larder, among ${names}`,
    );
    // The image of the steps is in the frontend's repository. A single blob is recorded by its repository.
    const repositories = larders.map((name) => name.replace(/:[^:/]*$/, ""));
    assert.deepEqual(
      added.filter((name) => !larders.includes(name) && !repositories.includes(name)),
      [],
    );
    if (!hasPreload(one)) assert.deepEqual(own.buildConfig.llbDefinition, stock.buildConfig.llbDefinition);
  }
}

async function assertAnswers(one: Case, call: string): Promise<void> {
  const [ours, theirs] = await Promise.all([ask(one, "larder", call), ask(one, "stock", call)]);
  assert.deepEqual(comparableAnswer(one, ours), comparableAnswer(one, theirs), `--call ${call}`);
}

async function assertStarts(one: Case): Promise<void> {
  const tag = `larder-test/corpus:${one.name}`;
  await tagImage(one, tag);
  atEnd(() => docker(["image", "rm", "--force", tag]));
  const container = await SystemContainer.start(tag);
  const images = await container.inner("image", "ls", "--format", "{{.Repository}}:{{.Tag}}");
  assert.deepEqual(images.trim().split("\n").sort(), one.inner?.map(inLab).sort());
}
