/** The provenance of two builds, without the parts that differ between builds. */
import { readAttestations, readManifest } from "../harness/attestations.js";
import { blankLines } from "./blank.js";
import type { Case } from "./cases.js";
import { hiddenLines } from "./comparable.js";
import { withoutFrontend } from "./outcome.js";
import { describePushed } from "./pushed-image.js";

/** The fields of the SLSA 0.2 predicate that are read here. */
export interface Provenance {
  readonly materials?: readonly Material[];
  readonly invocation: {
    readonly environment: Readonly<Record<string, string>>;
    readonly parameters: {
      readonly frontend: string;
      readonly args?: Readonly<Record<string, string>>;
      readonly secrets?: readonly { readonly id: string }[];
    };
  };
  readonly buildConfig: { readonly llbDefinition: readonly unknown[] };
  readonly metadata: {
    readonly completeness: unknown;
    readonly [buildkitMetadata]: {
      readonly source?: {
        readonly infos?: readonly { readonly filename: string; readonly data?: string }[];
      };
    };
  };
}

interface Material {
  readonly uri: string;
  readonly digest: Readonly<Record<string, string>>;
}

const buildkitMetadata = "https://mobyproject.org/buildkit@v1#metadata";
/**
 * By platform, if the build is for several.
 * @param metadata Metadata that buildx writes. For several platforms, it has no provenance.
 * @param image `name@digest` of the pushed image
 */
export async function readProvenance(
  metadata: Readonly<Record<string, unknown>>,
  image: string,
): Promise<Record<string, Provenance>> {
  const own = metadata["buildx.build.provenance"];
  if (own) return { "": own as Provenance };
  const index = await readManifest(image);
  const platforms = (await describePushed(image)).map(async ({ digest, platform }) => {
    const attested = await readAttestations(image.replace(/@.*/, ""), index, digest);
    const [found] = [...attested].filter(([type]) => type.startsWith("https://slsa.dev/provenance/"));
    return [JSON.stringify(platform), found && parse(found[1])] as const;
  });
  const provenance = await Promise.all(platforms);
  return Object.fromEntries(provenance.flatMap(([platform, found]) => (found ? [[platform, found]] : [])));
}

const parse = (predicate: unknown): Provenance => JSON.parse(withoutFrontend(JSON.stringify(predicate)));

/** The frontend that was asked. */
export function requestOf({ invocation }: Provenance): unknown {
  const { frontend, args: { source } = {} } = invocation.parameters;
  return { frontend, source };
}

/** The options and the file of the request. */
export function comparableProvenance(one: Case, { invocation, metadata }: Provenance): unknown {
  const {
    frontend: _,
    args: { cmdline, source, ...args } = {},
    secrets = [],
    ...parameters
  } = invocation.parameters;
  // A newer builder records this for the built-in frontend.
  const { dockerfileVersion: _version, ...environment } = invocation.environment;
  const usersSecrets = secrets.filter(({ id }) => !id.startsWith("larder-"));
  const hidden = hiddenLines(one.dockerfile);
  const files = metadata[buildkitMetadata].source?.infos?.map(({ filename, data = "" }) => {
    const text = withoutFrontend(Buffer.from(data, "base64").toString("utf8"));
    return [filename, blankLines(text, hidden)];
  });
  return {
    invocation: { ...invocation, environment, parameters: { ...parameters, args, secrets: usersSecrets } },
    completeness: metadata.completeness,
    files,
  };
}

/** Images that only the second of two builds has, all images of the first, and images that only the first has. */
export function compareMaterials(
  ours: Provenance,
  theirs: Provenance,
): { missing: string[]; names: string[]; added: string[] } {
  const [own, stock] = [materialsOf(ours), materialsOf(theirs)];
  return {
    missing: [...stock].filter(([uri, digest]) => own.get(uri) !== digest).map(([uri]) => uri),
    names: [...own.keys()].map(imageName),
    added: [...own.keys()].filter((uri) => !stock.has(uri)).map(imageName),
  };
}

function materialsOf({ materials = [] }: Provenance): Map<string, string> {
  // Each frontend has its own images of the corpus.
  const digestOf = ({ uri, digest }: Material) =>
    /\/e2e[\w-]*\/corpus@/.test(uri) ? "" : JSON.stringify(digest);
  return new Map(materials.map((one) => [one.uri, digestOf(one)]));
}

/** As BuildKit writes it, with or without `%3A` for a port's colon: `pkg:docker/name@tag?platform=linux%2Famd64` -> `name:tag`, `pkg:docker/name?digest=...` -> `name` */
const imageName = (uri: string): string =>
  decodeURIComponent(uri).replace(/^pkg:docker\/([^@?]*)(?:@([^@?]*))?.*/, (_, name: string, tag?: string) =>
    tag ? `${name}:${tag}` : name,
  );
