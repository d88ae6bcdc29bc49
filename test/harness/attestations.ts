/** Attestations of images in the registry. */
import { output } from "./command.js";
import { lab } from "./lab.js";

export interface Descriptor {
  readonly digest: string;
  readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The manifest of an image has `layers`, an index has `manifests`. */
export interface Manifest {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly manifests?: readonly Descriptor[];
  /** null for an image from scratch */
  readonly layers?: readonly Descriptor[] | null;
}

/** @param reference with a tag or a digest */
export async function readManifest(reference: string): Promise<Manifest> {
  const inspect = ["inspect", "--tls-verify=false", "--raw", `docker://${reference}`];
  return JSON.parse(await output(lab.skopeo, inspect)) as Manifest;
}

/** Predicates by their types; empty if the image has no attestations. */
export async function readAttestations(
  repository: string,
  { manifests = [] }: Manifest,
  imageDigest: string,
): Promise<ReadonlyMap<string, unknown>> {
  const found = manifests.find(
    ({ annotations }) => annotations?.["vnd.docker.reference.digest"] === imageDigest,
  );
  const layers = found && (await readManifest(`${repository}@${found.digest}`)).layers;
  const predicates = (layers ?? []).map(async ({ digest, annotations }): Promise<[string, unknown]> => {
    const type = annotations?.["in-toto.io/predicate-type"] ?? "";
    return [type, (await readStatement(repository, digest)).predicate];
  });
  return new Map(await Promise.all(predicates));
}

async function readStatement(repository: string, digest: string): Promise<{ predicate: unknown }> {
  const path = repository.slice(lab.registry.length + 1);
  const url = `http://${lab.registry}/v2/${path}/blobs/${digest}`;
  const program = `process.stdout.write(await (await fetch(${JSON.stringify(url)})).text())`;
  const node = [process.execPath, "--input-type=module", "--eval", program];
  return JSON.parse(await output(lab.inNetwork, node)) as { predicate: unknown };
}
