/** What provenance says of two builds, without what is each build's own. */
import { blankLines } from "./blank.js";
import type { Case } from "./cases.js";
import { hiddenLines } from "./comparable.js";
import { withoutFrontend } from "./outcome.js";

/** The predicate of SLSA 0.2, as far as it is read here. */
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
const metadataKey = "buildx.build.provenance";

/** By platform, where the build is for several: of what buildx writes about a build. */
export function readProvenance(metadata: Readonly<Record<string, unknown>>): Record<string, Provenance> {
  const entries = Object.entries(metadata).filter(([key]) => key.startsWith(metadataKey));
  return Object.fromEntries(
    entries.map(([key, value]) => [key.slice(metadataKey.length), value as Provenance]),
  );
}

/** Who was asked. */
export function requestOf({ invocation }: Provenance): unknown {
  const { frontend, args: { source } = {} } = invocation.parameters;
  return { frontend, source };
}

/** What it was asked for, and with which file. */
export function comparableProvenance(one: Case, { invocation, metadata }: Provenance): unknown {
  const {
    frontend: _,
    args: { cmdline, source, ...args } = {},
    secrets = [],
    ...parameters
  } = invocation.parameters;
  // A newer builder says it of the frontend that is built in.
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

/** Images that the second of two builds has and the first lacks, all of the first, and those that it alone has. */
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
  // The corpus's own images are each frontend's own.
  const digestOf = ({ uri, digest }: Material) =>
    uri.includes("/e2e/corpus@") ? "" : JSON.stringify(digest);
  return new Map(materials.map((one) => [one.uri, digestOf(one)]));
}

/** `pkg:docker/name@tag?platform=linux%2Famd64`, as BuildKit writes it -> `name:tag` */
const imageName = (uri: string): string => uri.replace(/^pkg:docker\/(.*)@([^@?]*).*/, "$1:$2");
