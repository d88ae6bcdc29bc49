import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { cleanUp } from "../harness/cleanup.js";
import { output } from "../harness/command.js";
import { dockerHost } from "../harness/docker.js";
import { buildExample, exampleFolder } from "../harness/example.js";
import { type DockerVersion, lab, needsDocker } from "../harness/lab.js";
import { dindImage } from "./dind-image.js";
import { type GitlabJob, type JobResult, runJob } from "./gitlab-runner.js";

interface Pipeline {
  readonly variables: Readonly<Record<string, string>>;
  readonly test: GitlabJob;
}

const pipeline = parse(readFileSync(`${exampleFolder("gitlab")}/.gitlab-ci.yml`, "utf8")) as Pipeline;

/** The job `test` of the example, with the lab's images and other variables. */
function jobWith(service: string, variables: Readonly<Record<string, string>>): GitlabJob {
  const all = { ...pipeline.variables, SERVICE: service, REGISTRY: lab.registry, ...pipeline.test.variables };
  return { ...pipeline.test, image: lab.system, variables: { ...all, ...variables } };
}

const withoutTls = {
  DOCKER_HOST: "tcp://docker:2375",
  DOCKER_TLS_CERTDIR: "",
  DOCKER_TLS_VERIFY: "",
  DOCKER_CERT_PATH: "",
};

function assertRan({ status, output, services }: JobResult): void {
  assert.equal(status, 0, `${output}\n${services}`);
  assert.match(output, /^Redis server v=/m);
  assert.match(output, /^hello from Python$/m);
  assert.match(services, /^larder: attached 2 images \(4 layers\) to \S+ by link in /m);
}

for (const version of ["29.9", "28.5"] as const satisfies readonly DockerVersion[]) {
  describe(`examples: gitlab, Docker ${version}`, () => {
    const tag = `e2e-example-gitlab:${version}`;

    before(async function () {
      needsDocker(this, version);
      await buildExample("gitlab", { SYSTEM: await dindImage(version), REGISTRY: lab.registry }, tag);
    });
    after(cleanUp);

    it("the job as it is shown: with TLS and DOCKER_DRIVER, its images are there", async () => {
      assert.equal(pipeline.test.variables.DOCKER_DRIVER, "overlay2");
      assertRan(await runJob(jobWith(tag, {})));
    });

    it("the job without DOCKER_DRIVER, so with Docker's own choice of the store", async () => {
      assertRan(await runJob(jobWith(tag, { DOCKER_DRIVER: "" })));
    });

    it("the job without TLS", async () => {
      assertRan(await runJob(jobWith(tag, withoutTls)));
    });

    it("the job without TLS, and with the command that spares Docker's waiting", async () => {
      const job = jobWith(tag, withoutTls);
      const services = job.services.map((service) => ({ ...service, command: ["--tls=false"] }));
      assertRan(await runJob({ ...job, services }));
    });

    it("check.sh succeeds", async () => {
      const env = { DOCKER: lab.docker, DOCKER_HOST: dockerHost() };
      await output(`${exampleFolder("gitlab")}/check.sh`, [tag], { env });
    });
  });
}
