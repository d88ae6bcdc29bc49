/** A builder with a small `dockerfile.v0`, for builds of which no step really runs. */
import {
  type Job,
  mount,
  type NeededBlob,
  packAnswer,
  type StoreAnswer,
  storeAnswer,
} from "../../src/agent/job.js";
import type {
  NewContainerRequest,
  ReadFileRequest,
  ResolveImageConfigRequest,
  Result,
  SolveRequest,
  WarnRequest,
} from "../../src/gen/gateway.js";
import { Result as ResultMessage } from "../../src/gen/gateway.js";
import { type Definition, type ExecOp, NetMode, SecurityMode } from "../../src/gen/ops.js";
import type { Detail } from "../../src/gen/status.js";
import { digestOf } from "../../src/image/digest.js";
import { blobPath } from "../../src/image/oci-layout.js";
import { type Answers, Refusal } from "./fake-builder.js";
import { failedStep, fileAt, type NamedStep, stepsOf } from "./fake-engine.js";
import { resultOf, sha256 } from "./fake-graph.js";
import type { ImageConfig } from "./fake-instructions.js";
import { answerLint, type Check, readCheck } from "./fake-lint.js";
import { type Question, Stages, type Warning } from "./fake-stages.js";

/** What there is on the client, in registries, and of permission. */
export interface Scene {
  /** Of the client: the Dockerfile and the build context. */
  readonly files: Readonly<Record<string, string>>;
  /** Images by their short names: `redis:7`. */
  readonly images?: Readonly<Record<string, FakeImage>>;
  /** Capabilities that the builder does not have. */
  readonly lacks?: readonly string[];
  /** Its `dockerfile.v0` has a linter, unless this is false. */
  readonly lints?: boolean;
  /** Permissions that the build does not have; it has all others. */
  readonly refuses?: readonly ("security.insecure" | "network.host")[];
  /** The store that the stock step finds in the stage; the default is Docker's graph driver. */
  readonly store?: Pick<StoreAnswer, "manager" | "store">;
  /** What the stock step says that its store needs. */
  readonly blobs?: readonly NeededBlob[];
  /** @returns what a step that is to fail leaves as its report, or "" for one that leaves none. */
  readonly fails?: (step: NamedStep) => string | undefined;
}

export interface FakeImage {
  /** What its layers are called, lowest first: images have those in common that have one name. */
  readonly layers?: readonly string[];
  readonly platforms?: readonly string[];
  readonly config?: ImageConfig["config"];
  /** Configs of the platforms that have another one. */
  readonly configs?: Readonly<Record<string, ImageConfig["config"]>>;
}

const capabilities = ["mergeop", "exec.meta.security", "source.imageblob"];

export class FakeUpstream {
  readonly solves: SolveRequest[] = [];
  readonly resolved: ResolveImageConfigRequest[] = [];
  /** What the frontend printed. */
  readonly warnings: WarnRequest[] = [];
  /** What `dockerfile.v0` printed by itself. */
  readonly printed: Warning[] = [];
  /** Names of the steps that ran, in order. */
  readonly ran: string[] = [];
  readonly #scene: Scene;
  readonly #refs = new Map<string, Definition>();
  readonly #reports = new Map<string, string>();
  readonly #containers = new Map<string, NewContainerRequest>();
  readonly #documents = new Map<string, Buffer>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  answers(): Answers {
    return {
      ping: () => ({
        LLBCaps: capabilities.map((ID) => ({ ID, Enabled: !this.#scene.lacks?.includes(ID) })),
      }),
      inputs: () => ({}),
      solve: (request) => this.#solve(request),
      readFile: (ref, path) => this.#readFile({ Ref: ref, FilePath: path, Range: undefined }),
      evaluate: (ref) => this.#run(this.definitionOf(ref)),
      resolveImageConfig: (request) => this.#resolve(request),
      warn: (request) => {
        this.warnings.push(request);
      },
      newContainer: (request) => {
        this.#containers.set(request.ContainerID, request);
      },
      containerOutput: (id, args) => this.#containerOutput(id, args),
    };
  }

  definitionOf(ref: string): Definition {
    const definition = this.#refs.get(ref);
    if (!definition) throw new Refusal(`no such ref: ${ref}`);
    return definition;
  }

  /** Nothing runs for a solve. */
  #solve(request: SolveRequest): Result {
    this.solves.push(request);
    const { Frontend, Definition } = request;
    if (Frontend === "") return ResultMessage.fromPartial({ result: this.#ref(Definition) });
    if (Frontend !== "dockerfile.v0") throw new Refusal(`invalid frontend: ${Frontend}`);
    // Without it the real one would read the line `# syntax=` and begin again.
    if (request.FrontendOpt.cmdline === undefined)
      throw new Refusal("dockerfile.v0 calls the frontend again");
    return this.#solveDockerfile(request);
  }

  #solveDockerfile({ FrontendOpt: options, FrontendInputs: inputs }: SolveRequest): Result {
    const filename = options.filename ?? "Dockerfile";
    const given = options.dockerfilekey === undefined ? inputs.dockerfile : undefined;
    const text = given ? this.#fileIn(given, filename).toString() : (this.#scene.files[filename] ?? "");
    const image = (name: string, platform: string) => this.#image(name, platform);
    const about = { source: { filename, text }, options, inputs, image };
    const check = readCheck(text, options["build-arg:BUILDKIT_DOCKERFILE_CHECK"]);
    const platforms = (options.platform ?? ownPlatform).split(",");
    if (options.requestid !== undefined) {
      if (this.#scene.lints === false) throw new Refusal(`unsupported request ${options.requestid}`);
      return answerLint({ ...about, platform: ownPlatform }, check);
    }
    const results = platforms.map(
      (platform) => [platform, this.#build({ ...about, platform }, check)] as const,
    );
    const [first] = results;
    const isMap = results.length > 1 || options["multi-platform"] === "true";
    const Platforms = results.map(([ID]) => {
      const [os, architecture] = ID.split("/");
      return { ID, Platform: { os, architecture } };
    });
    const configs = results.map(([ID, { config }]) => [
      `containerimage.config${isMap ? `/${ID}` : ""}`,
      Buffer.from(JSON.stringify(config)),
    ]);
    const metadata = {
      ...Object.fromEntries(configs),
      "refs.platforms": Buffer.from(JSON.stringify({ Platforms })),
    };
    if (!isMap && first)
      return ResultMessage.fromPartial({ result: this.#ref(first[1].definition), metadata });
    const refs = Object.fromEntries(results.map(([ID, { definition }]) => [ID, this.#ref(definition).value]));
    return ResultMessage.fromPartial({ result: { $case: "refs", value: { refs } }, metadata });
  }

  #build(question: Question, check: Check) {
    const stages = new Stages(question);
    const built = stages.build(question.options.target);
    const warnings = stages.warnings.filter(({ ruleName }) => !check.skips(ruleName));
    this.printed.push(...warnings);
    if (check.isStrict && warnings[0]) {
      throw new Refusal(`lint violation found for rules: ${warnings[0].ruleName}`);
    }
    return built;
  }

  #ref(def: Definition | undefined) {
    if (!def || def.def.length === 0) return { $case: "ref" as const, value: { id: "" } };
    const id = `ref-${this.#refs.size + 1}`;
    this.#refs.set(id, def);
    return { $case: "ref" as const, value: { id, def } };
  }

  #image(name: string, platform: string): { reference: string; config: ImageConfig } {
    const full = name.includes("/") ? name : `library/${name}`;
    const tagged = /[:@]/.test(name) ? full : `${full}:latest`;
    const [OS = "", Architecture = ""] = platform.split("/");
    const Platform = { OS, Architecture, Variant: "", OSVersion: "", OSFeatures: [] };
    const Ref = /^[^/]*[.:]/.test(tagged) && name.includes("/") ? tagged : `docker.io/${tagged}`;
    const { Digest, Config } = this.#lookUp(Ref, `${OS}/${Architecture}`, Platform.Variant);
    return { reference: `${Ref}@${Digest}`, config: JSON.parse(Config.toString()) as ImageConfig };
  }

  #resolve(request: ResolveImageConfigRequest) {
    this.resolved.push(request);
    const { OS = "", Architecture = "", Variant = "" } = request.Platform ?? {};
    return this.#lookUp(request.Ref, `${OS}/${Architecture}`, Variant);
  }

  #lookUp(ref: string, platform: string, variant: string) {
    const short = ref.replace(/@sha256:.*/, "").replace(/^docker\.io\/(library\/)?/, "");
    const image = this.#scene.images?.[short];
    if (!image) {
      throw new Refusal(`failed to resolve source metadata for ${ref}: ${ref}: not found`);
    }
    const { layers = [short], platforms = [ownPlatform] } = image;
    const wanted = [platform, variant].filter(Boolean).join("/");
    const config = image.configs?.[wanted] ?? image.config ?? {};
    if (!platforms.includes(wanted)) {
      throw new Refusal(
        `failed to resolve source metadata for ${ref}: no match for platform in manifest: not found`,
      );
    }
    const [os = "", architecture = ""] = platform.split("/");
    const diff_ids = layers.map((layer) => layerOf(layer, wanted));
    const whole = { architecture, os, config, rootfs: { type: "layers", diff_ids }, history: [] };
    const Config = Buffer.from(JSON.stringify(whole));
    const Digest = sha256(`${short} ${wanted}`);
    this.#describe(Digest, Config, diff_ids);
    return { Digest, Config };
  }

  /** Makes the documents that a registry has of an image. */
  #describe(digest: string, config: Buffer, diffIds: readonly string[]): void {
    const layers = diffIds.map((diffId) => ({ mediaType: layerType, digest: blobOf(diffId), size: 1 }));
    const configDigest = digestOf(config);
    const about = {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: configDigest,
      size: config.length,
    };
    this.#documents.set(configDigest, config);
    this.#documents.set(digest, Buffer.from(JSON.stringify({ schemaVersion: 2, config: about, layers })));
  }

  #readFile({ Ref, FilePath }: ReadFileRequest): Buffer {
    const definition = this.definitionOf(Ref);
    this.#run(definition);
    return this.#fileIn(definition, FilePath);
  }

  #fileIn(definition: Definition, path: string): Buffer {
    const result = resultOf(definition);
    const files = {
      client: this.#scene.files,
      ofStep: (job: Job, dest: string) => this.#leaves(job, dest),
      blob: (digest: string) => this.#documents.get(digest),
    };
    const found = result && fileAt(definition, result, path.replace(/^\/+/, ""), files);
    if (!found) throw new Refusal(`open ${path}: no such file or directory`);
    return found;
  }

  /** What a step of Larder's own answers. */
  #leaves(job: Job, dest: string): Readonly<Record<string, string | Buffer>> {
    if (job.kind === "fetch" && dest === mount.layout) return this.#layout();
    if ((job.kind === "stock" || job.kind === "catalog") && dest === mount.catalog) {
      const { store = { manager: "docker", store: "overlay2" }, blobs = [] } = this.#scene;
      return { [storeAnswer]: JSON.stringify({ ...store, blobs } satisfies StoreAnswer) };
    }
    if (job.kind !== "pack" || dest !== mount.layout) return {};
    const { platform, trees } = job;
    const reference = { ...job.reference, digest: sha256("packed manifest") };
    const diffIds = Array.from({ length: trees }, (_, n) => sha256(`packed layer ${n}`));
    const config = Buffer.from(JSON.stringify({ rootfs: { diff_ids: diffIds } }));
    this.#describe(reference.digest, config, diffIds);
    const image = { reference, platform, imageId: digestOf(config), diffIds };
    return { ...this.#layout(), [packAnswer]: JSON.stringify({ image }) };
  }

  #layout(): Record<string, Buffer> {
    return Object.fromEntries([...this.#documents].map(([digest, data]) => [blobPath(digest), data]));
  }

  /** The whole definition is checked before any of it runs. */
  #run(definition: Definition): void {
    const steps = stepsOf(definition);
    const refused = (what: "security.insecure" | "network.host", asks: (op: ExecOp) => boolean): void => {
      if (!this.#scene.refuses?.includes(what) || !steps.some(({ exec }) => exec && asks(exec))) return;
      throw new Refusal(`failed to load LLB: ${what} is not allowed`);
    };
    refused("security.insecure", ({ security }) => security === SecurityMode.INSECURE);
    refused("network.host", ({ network }) => network === NetMode.HOST);
    if (this.#scene.lacks?.includes("mergeop") && steps.some(({ kind }) => kind === "merge")) {
      throw new Refusal(
        "failed to load LLB: requested experimental feature mergeop has been disabled on the build server",
      );
    }
    for (const step of steps) {
      const report = this.#scene.fails?.(step);
      if (report === undefined) {
        if (!this.ran.includes(step.name)) this.ran.push(step.name);
        continue;
      }
      throw new Refusal(
        `process "${step.exec?.meta?.args.join(" ")}" did not complete successfully: exit code: 1`,
        {
          details: this.#detailsOf(definition, step, report),
        },
      );
    }
  }

  #detailsOf(definition: Definition, step: NamedStep, report: string): Detail[] {
    const failed = failedStep(definition, step);
    for (const id of failed.mountIDs) if (report) this.#reports.set(id, report);
    return failed.details;
  }

  #containerOutput(id: string, [program, path = ""]: readonly string[]): Buffer {
    const mounts = this.#containers.get(id)?.Mounts ?? [];
    const at = mounts.find(({ dest }) => dest !== "/" && path.startsWith(`${dest}/`));
    const report = at && this.#reports.get(at.resultID);
    if (program !== "/bin/cat" || report === undefined) throw new Refusal("no such file");
    return Buffer.from(report);
  }
}

const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";

/** The digest of a layer's blob. */
export function blobOf(diffId: string): string {
  return sha256(`blob ${diffId}`);
}

/** The diffID of a layer of the scene's images. */
export function layerOf(name: string, platform: string = ownPlatform): string {
  return sha256(`${name} ${platform}`);
}

const architectures: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };
export const ownPlatform = `linux/${architectures[process.arch] ?? process.arch}`;
