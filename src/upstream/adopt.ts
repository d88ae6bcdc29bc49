import type { Bridge } from "../gateway/bridge.js";
import type { BuildOptions } from "../gateway/options.js";
import type { Ref, Result } from "../gen/gateway.js";
import type { Definition } from "../gen/ops.js";

/**
 * Turns the result of another frontend into a solve of this frontend. Provenance then records the options and the image
 * of this frontend and all images that either looked up, rather than this frontend's request to the other. The steps
 * are the same, so nothing runs twice.
 */
export async function adopt(
  bridge: Bridge,
  given: Result,
  rewrite: (definition: Definition) => Definition = (definition) => definition,
): Promise<Result> {
  const adoptRef = async (ref: Ref): Promise<Ref> => {
    const definition = refDefinition(ref);
    if (!definition) return ref;
    const { result } = await bridge.solve({ Definition: rewrite(definition) });
    return result?.$case === "ref" ? result.value : ref;
  };
  const { result } = given;
  if (result?.$case === "ref") {
    return { ...given, result: { ...result, value: await adoptRef(result.value) } };
  }
  if (result?.$case !== "refs") return given;
  const adopted = Object.entries(result.value.refs).map(
    async ([platform, ref]): Promise<[string, Ref]> => [platform, await adoptRef(ref)],
  );
  const refs = Object.fromEntries(await Promise.all(adopted));
  return { ...given, result: { ...result, value: { refs } } };
}

/** The content of a ref as LLB; undefined for scratch. */
export function refDefinition({ def }: Ref): Definition | undefined {
  return def && def.def.length > 0 ? def : undefined;
}

/** Does the build want provenance? There are several ways to ask for it, and most clients do by default. */
export function wantsProvenance(options: BuildOptions["frontend"]): boolean {
  return "attest:provenance" in options || "build-arg:BUILDKIT_ATTEST_PROVENANCE" in options;
}
