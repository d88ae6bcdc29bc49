import assert from "node:assert/strict";
import { join } from "node:path";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { docker } from "../harness/docker.js";
import { lab, labImage } from "../harness/lab.js";
import { OciLayout } from "../harness/oci-layout.js";
import { type RegistryImage, registryImage } from "../harness/registry-image.js";
import { SystemContainer } from "../harness/system-container.js";
import { buildctlBuild, contextWith, dockerfile, inner, target, temporary } from "./fixture.js";

describe("buildctl", () => {
  const tag = labImage("e2e/buildctl:1");
  let image: RegistryImage;

  /** Pushes with BuildKit's own client, which must name the frontend since it does not read Dockerfiles. */
  before(async () => {
    await buildctlBuild(
      contextWith(dockerfile),
      ...["--frontend", "gateway.v0", "--opt", `source=${lab.frontend}`],
      ...["--output", `type=image,name=${tag},push=true`],
    );
    image = await registryImage(tag);
  });
  after(cleanUp);

  it("--frontend gateway.v0 with Larder as its source: the inner images are there, and run", async () => {
    await docker(["pull", "--quiet", tag]);
    const container = await SystemContainer.start(tag);
    const listed = await container.inner("image", "ls", "--format", "{{.Repository}}:{{.Tag}}");
    assert.deepEqual(listed.trim().split("\n").sort(), inner);
    const [busybox] = inner;
    const said = await container.inner("run", "--rm", "--network", "none", busybox, "echo", "hello");
    assert.equal(said, "hello\n");
  });

  it("--frontend dockerfile.v0 with a syntax line: the same layers, cached", async () => {
    const layout = join(temporary(), "layout");
    await buildctlBuild(
      contextWith(`# syntax=${lab.frontend}\n${dockerfile}`),
      ...["--frontend", "dockerfile.v0", "--output", `type=oci,tar=false,dest=${layout}`],
    );
    assert.deepEqual(new OciLayout(layout).diffIds(), image.diffIds);
  });

  it("a file that names another frontend gets that one, whichever the client names", async () => {
    const context = contextWith(`# syntax=${target().upstream}\n${dockerfile}`);
    const flags = ["--frontend", "gateway.v0", "--opt", `source=${lab.frontend}`];
    await assert.rejects(buildctlBuild(context, ...flags), /unknown instruction: PRELOAD/);
  });

  it("an engine's own BuildKit gives the same layers for the inner ones", async () => {
    const byDocker = labImage("e2e/buildctl-docker:1");
    await build({ dockerfile, tag: byDocker, args: ["--push"], env: { BUILDX_BUILDER: "" } });
    const [ours, theirs] = [image, await registryImage(byDocker)].map(innerLayers);
    assert.equal(ours?.length, 3);
    assert.deepEqual(ours, theirs);
  });
});

/**
 * The history's line and the diffID of each outer layer with inner ones. The compressed form differs between builders.
 */
function innerLayers({ history, diffIds }: RegistryImage): [line: string, diffId: string | undefined][] {
  return history
    .filter(({ empty_layer }) => empty_layer !== true)
    .map(({ created_by = "" }, index): [string, string | undefined] => [created_by, diffIds[index]])
    .filter(([line]) => /^PRELOAD .* sha256:/.test(line));
}
