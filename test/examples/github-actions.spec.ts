import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { NoOperationTraceWriter, parseWorkflow } from "@actions/workflow-parser";
import { parse } from "yaml";
import { cleanUp } from "../harness/cleanup.js";
import { docker } from "../harness/docker.js";
import { exampleFolder } from "../harness/example.js";
import { lab, labImage, needsDocker } from "../harness/lab.js";
import { dindImage } from "./dind-image.js";
import { buildAndPush, type Job, runSteps, startService } from "./github-workflow.js";

const folder = exampleFolder("github-actions");
const text = readFileSync(`${folder}/.github/workflows/tests.yml`, "utf8");

/** The workflow with values in the place of GitHub's expressions. */
function evaluated(values: Readonly<Record<string, string>>): { jobs: { image: Job; tests: Job } } {
  const known = text.replace(/\$\{\{ *([\w.]+) *\}\}/g, (whole, name: string) => values[name] ?? whole);
  return parse(known.replaceAll("ghcr.io/", `${lab.registry}/`));
}

function errorsOf(content: string): string[] {
  const { context } = parseWorkflow({ name: "tests.yml", content }, new NoOperationTraceWriter());
  return context.errors.getErrors().map(({ message }) => message);
}

describe("examples: github-actions", () => {
  after(cleanUp);

  it("GitHub's own parser finds no error in the workflow, and one where a member has a wrong name", () => {
    assert.deepEqual(errorsOf(text), []);
    assert.match(errorsOf(text.replace("options:", "option:")).join("\n"), /Unexpected value 'option'/);
  });

  it("the image is built by buildx as the action calls it, and the service runs the tests", async function () {
    needsDocker(this, "29.9");
    const repository = labImage("e2e/examples-github").slice(lab.registry.length + 1);
    const { image } = evaluated({ "github.repository": repository }).jobs;
    const step = image.steps.find(({ uses }) => uses?.startsWith("docker/build-push-action@"));
    const settings = {
      BUILDKIT_SYNTAX: lab.frontend,
      SYSTEM: await dindImage("29.9"),
      REGISTRY: lab.registry,
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
    const digest = await buildAndPush(step?.with ?? {}, folder, [...args, "--allow", "network.host"]);

    const values = { "github.repository": repository, "needs.image.outputs.digest": digest };
    const { tests } = evaluated(values).jobs;
    const { docker: service } = tests.services ?? {};
    assert.ok(service, "the job has a service");
    const id = await startService(service);
    const printed = await runSteps({ ...tests, env: { ...tests.env, REGISTRY: lab.registry } });
    assert.match(printed, /^Redis server v=/m);
    assert.match(printed, /^hello from Python$/m);
    await docker(["rm", "--force", "--volumes", id]);
  });
});
