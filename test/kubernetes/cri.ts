/** The kubelet's side of CRI: its requests to a containerd. */
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { Client, credentials, type ServiceDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { atEnd } from "../harness/cleanup.js";
import { until } from "../harness/command.js";
import type { SystemContainer } from "../harness/system-container.js";
import { CriTransport } from "./cri-transport.js";

export interface CriImage {
  /** Digest of the config. */
  readonly id: string;
  readonly repo_tags: readonly string[];
  readonly repo_digests: readonly string[];
  /** In bytes. */
  readonly size: number;
  /** The kubelet's garbage collection spares it. */
  readonly pinned: boolean;
}

export interface CriContainer {
  readonly id: string;
  readonly pod_sandbox_id: string;
  readonly image: { readonly image: string };
  readonly image_ref: string;
  readonly state: string;
}

export interface Ended {
  readonly exitCode: number;
  /** Standard output and standard error. */
  readonly output: string;
}

const definition = loadSync(fileURLToPath(new URL("cri.proto", import.meta.url)), {
  keepCase: true,
  longs: Number,
  enums: String,
  defaults: true,
});

type Service = "RuntimeService" | "ImageService";

export class Cri {
  readonly #container: SystemContainer;
  readonly #client: Client;
  readonly #transport: CriTransport;

  private constructor(container: SystemContainer, transport: CriTransport) {
    this.#container = container;
    this.#transport = transport;
    this.#client = new Client(transport.address, credentials.createInsecure(), {
      "grpc.default_authority": "localhost",
    });
  }

  static async open(container: SystemContainer): Promise<Cri> {
    const cri = new Cri(container, await CriTransport.open(container));
    atEnd(async () => cri.close());
    return cri;
  }

  close(): void {
    this.#client.close();
    this.#transport.close();
  }

  async version(): Promise<string> {
    const answer = await this.#call<Record<string, string>>("RuntimeService", "Version");
    return `${answer.runtime_name} ${answer.runtime_version} ${answer.runtime_api_version}`;
  }

  async images(): Promise<readonly CriImage[]> {
    return (await this.#call<{ images: CriImage[] }>("ImageService", "ListImages")).images;
  }

  async image(reference: string): Promise<CriImage | undefined> {
    const request = { image: { image: reference } };
    return (
      (await this.#call<{ image: CriImage | null }>("ImageService", "ImageStatus", request)).image ??
      undefined
    );
  }

  /** Returns the image's id. */
  async pull(reference: string): Promise<string> {
    const request = { image: { image: reference } };
    return (await this.#call<{ image_ref: string }>("ImageService", "PullImage", request)).image_ref;
  }

  async removeImage(reference: string): Promise<void> {
    await this.#call("ImageService", "RemoveImage", { image: { image: reference } });
  }

  /** Bytes of all images, as containerd reports them. */
  async imageBytes(): Promise<number> {
    interface Answer {
      readonly image_filesystems: readonly { readonly used_bytes: { readonly value: number } | null }[];
    }
    const { image_filesystems } = await this.#call<Answer>("ImageService", "ImageFsInfo");
    return image_filesystems.reduce((sum, { used_bytes }) => sum + (used_bytes?.value ?? 0), 0);
  }

  async containers(): Promise<readonly CriContainer[]> {
    return (await this.#call<{ containers: CriContainer[] }>("RuntimeService", "ListContainers")).containers;
  }

  /** Runs a command in a container in a new pod on the node's network, which needs no CNI. */
  async run(image: string, ...command: string[]): Promise<Ended> {
    const config = podConfig();
    const { pod_sandbox_id } = await this.#call<{ pod_sandbox_id: string }>(
      "RuntimeService",
      "RunPodSandbox",
      { config },
    );
    try {
      return await this.#runInPod(pod_sandbox_id, config, image, command);
    } finally {
      await this.#call("RuntimeService", "StopPodSandbox", { pod_sandbox_id });
      await this.#call("RuntimeService", "RemovePodSandbox", { pod_sandbox_id });
    }
  }

  async #runInPod(pod: string, sandbox: PodConfig, image: string, command: string[]): Promise<Ended> {
    const config = {
      metadata: { name: "test" },
      image: { image },
      command,
      log_path: "log",
      linux: { security_context: { namespace_options: { network: "NODE" } } },
    };
    const request = { pod_sandbox_id: pod, config, sandbox_config: sandbox };
    const { container_id } = await this.#call<{ container_id: string }>(
      "RuntimeService",
      "CreateContainer",
      request,
    );
    await this.#call("RuntimeService", "StartContainer", { container_id });
    interface Status {
      readonly state: string;
      readonly exit_code: number;
    }
    let exitCode = 0;
    await until(`the container of ${image} ends`, async () => {
      const { status } = await this.#call<{ status: Status }>("RuntimeService", "ContainerStatus", {
        container_id,
      });
      exitCode = status.exit_code;
      return status.state === "CONTAINER_EXITED";
    });
    // Each line of the log begins with time, stream and a flag.
    const log = await this.#container.exec("cat", `${sandbox.log_directory}/log`);
    return { exitCode, output: log.replace(/^\S+ std(?:out|err) [FP] /gm, "") };
  }

  #call<Response>(service: Service, name: string, request: object = {}): Promise<Response> {
    const method = (definition[`runtime.v1.${service}`] as ServiceDefinition)[name];
    if (!method) throw new Error(`cri.proto has no ${service}.${name}`);
    const { path, requestSerialize, responseDeserialize } = method;
    return new Promise<Response>((resolve, reject) => {
      const options = { deadline: Date.now() + 120_000 };
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        options,
        (error, response) => {
          if (error) reject(new Error(`${path}: ${error.message}`, { cause: error }));
          else resolve(response as Response);
        },
      );
    });
  }
}

type PodConfig = ReturnType<typeof podConfig>;

function podConfig() {
  const uid = randomUUID();
  return {
    metadata: { name: "test", namespace: "default", uid },
    log_directory: `/var/log/pods/${uid}`,
    linux: { security_context: { namespace_options: { network: "NODE" } } },
  };
}
