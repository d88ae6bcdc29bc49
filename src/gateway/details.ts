/**
 * BuildKit's typed error details. They are JSON in spite of their protobuf envelope, and `type_url` gives the type. The
 * user sees only one of them, `Source`: the excerpt of the Dockerfile.
 */
import type { LarderError } from "../error.js";
import type { Detail } from "../gen/status.js";

export const typePrefix = "github.com/moby/buildkit/";
const solveType = `${typePrefix}errdefs.Solve+json`;

/** The remains of a failed step. */
export interface FailedSolve {
  /** One ref for each mount of the op. */
  readonly mountIDs?: readonly string[];
  readonly op?: {
    readonly exec?: {
      readonly meta?: { readonly env?: readonly string[] };
      readonly mounts?: readonly { readonly dest?: string }[];
    };
    readonly source?: { readonly identifier?: string };
  };
}

export function failedSolve({ details }: LarderError): FailedSolve | undefined {
  const detail = details.find(({ type_url }) => type_url === solveType);
  return detail && (JSON.parse(detail.value.toString("utf8")) as FailedSolve);
}

/** A detail of this type. */
export function jsonDetail(type_url: string, value: unknown): Detail {
  return { type_url, value: Buffer.from(JSON.stringify(value)) };
}
