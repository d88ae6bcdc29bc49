import { readFileSync } from "node:fs";
import { build } from "../harness/build.js";
import { atEnd } from "../harness/cleanup.js";
import { docker, tryDocker } from "../harness/docker.js";
import { lab, labImage } from "../harness/lab.js";
import { pushInnerImage, type RegistryImage, registryImage } from "../harness/registry-image.js";

/** `two` is built on `one`, and `three`, which is not preloaded, on `two`. */
export interface InnerImages {
  readonly one: RegistryImage;
  readonly two: RegistryImage;
  readonly three: RegistryImage;
  readonly python: RegistryImage;
  readonly busybox: RegistryImage;
}

export async function pushInnerImages(): Promise<InnerImages> {
  const dockerfile = new URL("Dockerfile", import.meta.url);
  const push = (target: string) => pushInnerImage(`inner-${target}`, dockerfile, ["--target", target]);
  const one = await push("one");
  const two = await push("two");
  const three = await push("three");
  const [python, busybox] = await Promise.all(
    ["python:3", "busybox:1"].map((name) => registryImage(labImage(name))),
  );
  if (!python || !busybox) throw new Error("unreachable");
  return { one, two, three, python, busybox };
}

/** `name@digest`, without the tag. */
export function byDigest({ reference, digest }: RegistryImage): string {
  return `${reference.slice(0, reference.lastIndexOf(":"))}@${digest}`;
}

/** A system image that preloads `one` and python by tag, `two` by tag and digest, busybox by digest; and one that does not. */
export async function buildSystems(
  version: string,
  { one, two, python, busybox }: InnerImages,
): Promise<{ tag: string; plain: string }> {
  const tag = `e2e-inner-docker:${version}`;
  const plain = `e2e-inner-docker-plain:${version}`;
  const config = JSON.stringify({ "insecure-registries": [lab.registry] });
  const dockerfile = `FROM ${labImage(`docker:${version}`)}
RUN mkdir -p /etc/docker && echo '${config}' >/etc/docker/daemon.json
`;
  await build({ larder: false, allowInsecure: false, tag: plain, dockerfile });
  const references = [one.reference, `${two.reference}@${two.digest}`, python.reference, byDigest(busybox)];
  await build({ tag, dockerfile: `${dockerfile}PRELOAD ${references.join(" \\\n  ")}\n` });
  return { tag, plain };
}

/** An HTTP proxy in a container of its own: it sees what the inner daemon asks the registry for. */
export class RegistryProxy {
  readonly #id: string;
  readonly address: string;
  #seen = 0;

  private constructor(id: string, address: string) {
    this.#id = id;
    this.address = address;
  }

  static async start(): Promise<RegistryProxy> {
    const program = readFileSync(new URL("proxy.py", import.meta.url), "utf8");
    const id = (await docker(["run", "--detach", labImage("python:3"), "python3", "-c", program])).trim();
    atEnd(() => tryDocker(["rm", "--force", id]));
    const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    const address = (await docker(["inspect", "--format", format, id])).trim();
    return new RegistryProxy(id, `http://${address}:3128`);
  }

  /** Requests since the last time that this was asked: method and path. */
  async requests(): Promise<string[]> {
    const all = (await docker(["logs", this.#id])).split("\n").filter((line) => line !== "");
    const fresh = all.slice(this.#seen);
    this.#seen = all.length;
    return fresh;
  }
}
