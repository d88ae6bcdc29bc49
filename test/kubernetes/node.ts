/** The node of examples/kubernetes-node, with a kubelet, on the lab's images. */
import { until } from "../harness/command.js";
import { buildExample } from "../harness/example.js";
import { labImage } from "../harness/lab.js";
import { SystemContainer, type SystemOptions } from "../harness/system-container.js";

const tag = "e2e-kubelet:latest";
export const nodeImages = ["busybox:1", "pause:3", "python:3", "redis:latest"].map(labImage);

export function buildNode(): Promise<void> {
  const [busybox, pause, python, redis] = nodeImages as [string, string, string, string];
  const others = `${busybox} ${python}`;
  const args = { SYSTEM: labImage("kubernetes-node:1.36"), PAUSE: pause, REDIS: redis, IMAGES: others };
  return buildExample("kubernetes-node", args, tag);
}

export function startNode(options: SystemOptions = {}): Promise<SystemContainer> {
  return SystemContainer.start(tag, { daemon: "containerd", ...options });
}

interface ContainerState {
  readonly waiting?: { readonly reason: string };
  readonly terminated?: { readonly exitCode: number };
}

export interface Pod {
  readonly name: string;
  readonly isReady: boolean;
  /** Of its only container. */
  readonly state: ContainerState | undefined;
}

interface PodList {
  /** `null` before the kubelet has read its folder. */
  readonly items: readonly Item[] | null;
}

interface Item {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly { readonly state: ContainerState }[];
  };
}

/** The kubelet's own list, which it gives on its read-only port. */
async function pods(node: SystemContainer): Promise<readonly Pod[]> {
  const ask = String.raw`exec 3<>/dev/tcp/127.0.0.1/10255 && printf 'GET /pods HTTP/1.0\r\n\r\n' >&3 && cat <&3`;
  const { status, stdout } = await node.try("bash", "-c", ask);
  // The kubelet does not listen yet.
  if (status !== 0) return [];
  const [, body = ""] = stdout.split("\r\n\r\n");
  return ((JSON.parse(body) as PodList).items ?? []).map(({ metadata, status }) => ({
    // The name of a static pod ends with that of the node.
    name: metadata.name.split("-")[0] as string,
    isReady: status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false,
    state: status.containerStatuses?.[0]?.state,
  }));
}

/** Waits until the pod is as the function says. */
export async function untilPod(
  node: SystemContainer,
  name: string,
  is: (pod: Pod) => boolean,
): Promise<void> {
  let last: Pod | undefined;
  try {
    await until(`pod ${name}`, async () => {
      last = (await pods(node)).find((pod) => pod.name === name);
      return last !== undefined && is(last);
    });
  } catch (error) {
    const log = (await node.logs()).split("\n").slice(-40).join("\n");
    throw new Error(`${(error as Error).message}: it is ${JSON.stringify(last)}\n${log}`);
  }
}

interface CrictlImage {
  readonly repoTags: readonly string[];
  readonly pinned: boolean;
}

/** Tags that crictl lists. */
export async function crictlImages(node: SystemContainer): Promise<{ tag: string; pinned: boolean }[]> {
  const { images } = JSON.parse(await node.exec("crictl", "images", "--output", "json")) as {
    images: readonly CrictlImage[];
  };
  const tags = images.flatMap(({ repoTags, pinned }) => repoTags.map((tag) => ({ tag, pinned })));
  return tags.sort((a, b) => (a.tag < b.tag ? -1 : 1));
}
