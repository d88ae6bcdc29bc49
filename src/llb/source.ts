import { type Output, output } from "./state.js";

/** A part of what the client sends: the files that `followPaths` names, of its local folder `name`. */
export function local(
  label: string,
  { name, sessionId, followPaths }: { name: string; sessionId: string; followPaths: readonly string[] },
): Output {
  return source(label, `local://${name}`, {
    "local.session": sessionId,
    "local.followpaths": JSON.stringify(followPaths),
    "local.sharedkeyhint": name,
    "local.differ": "none",
  });
}

/** An image of a registry or of the daemon's own store. */
export function image(label: string, reference: string): Output {
  return source(label, `docker-image://${reference}`, {});
}

function source(name: string, identifier: string, attrs: Record<string, string>): Output {
  const sorted = Object.fromEntries(Object.entries(attrs).sort(([a], [b]) => (a < b ? -1 : 1)));
  return output({
    kind: "own",
    op: { $case: "source", value: { identifier, attrs: sorted } },
    inputs: [],
    metadata: { name, caps: [`source.${identifier.startsWith("local:") ? "local" : "image"}`] },
  });
}
