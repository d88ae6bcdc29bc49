import { readFileSync } from "node:fs";
import { join } from "node:path";

interface Described {
  readonly digest: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Index {
  readonly manifests: readonly Described[];
}

interface Manifest {
  readonly config: Described;
  readonly layers: readonly Described[];
}

/** A layout with an image for one platform, and its attestations. */
export class OciLayout {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  diffIds(): readonly string[] {
    const image = this.#manifests().find(({ annotations }) => !annotations?.["vnd.docker.reference.type"]);
    const { config } = this.#blob<Manifest>(image);
    return this.#blob<{ rootfs: { diff_ids: string[] } }>(config).rootfs.diff_ids;
  }

  /** Predicates by their types. */
  attestations(): ReadonlyMap<string, unknown> {
    const manifest = this.#manifests().find(
      ({ annotations }) => annotations?.["vnd.docker.reference.type"] === "attestation-manifest",
    );
    const statements = this.#blob<Manifest>(manifest).layers.map((layer) =>
      this.#blob<{ predicateType: string; predicate: unknown }>(layer),
    );
    return new Map(statements.map(({ predicateType, predicate }) => [predicateType, predicate]));
  }

  /** An image with attestations is an index inside the layout's own index. */
  #manifests(): readonly Described[] {
    const { manifests } = JSON.parse(readFileSync(join(this.#folder, "index.json"), "utf8")) as Index;
    const inner = this.#blob<Partial<Index>>(manifests[0]).manifests;
    return inner ?? manifests;
  }

  #blob<T>(described: Described | undefined): T {
    if (!described) throw new Error(`${this.#folder}: the layout lacks what is looked for`);
    const file = join(this.#folder, "blobs", described.digest.replace(":", "/"));
    return JSON.parse(readFileSync(file, "utf8")) as T;
  }
}
