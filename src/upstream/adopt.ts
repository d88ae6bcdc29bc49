import type { Bridge } from "../gateway/bridge.js";
import type { BuildOptions } from "../gateway/options.js";
import type { Ref, Result } from "../gen/gateway.js";
import type { Definition } from "../gen/ops.js";

/**
 * The result of another frontend as one of this frontend's own solves. Provenance then names what this frontend was
 * asked for, its image and all images that either looked up, rather than what this one told the other. The steps are
 * the same: nothing runs twice.
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

/** What is in a ref, as LLB; nothing if it is scratch. */
export function refDefinition({ def }: Ref): Definition | undefined {
  return def && def.def.length > 0 ? def : undefined;
}

/** `--provenance`, in each of the ways to ask for it. Clients mostly do, by default. */
export function wantsProvenance(options: BuildOptions["frontend"]): boolean {
  return "attest:provenance" in options || "build-arg:BUILDKIT_ATTEST_PROVENANCE" in options;
}
