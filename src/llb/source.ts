import type { Platform } from "../gen/ops.js";
import { type Output, output } from "./state.js";

/** The files of the client's local folder `name` that match `followPaths`. */
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
export function image(
  label: string,
  reference: string,
  { platform, resolveMode }: { platform?: Platform; resolveMode?: string } = {},
): Output {
  const attrs: Record<string, string> = resolveMode ? { "image.resolvemode": resolveMode } : {};
  return source(label, `docker-image://${reference}`, attrs, platform);
}

/** The lowest layers of an image in a layout of the client. */
export function ociLayout(
  label: string,
  reference: string,
  {
    sessionId,
    store,
    platform,
    layers,
  }: { sessionId: string; store: string; platform: Platform; layers: number },
): Output {
  const attrs = { "oci.session": sessionId, "oci.store": store, "oci.layerlimit": String(layers) };
  return source(label, `oci-layout://${reference}`, attrs, platform);
}

/** One blob of an image in a layout of the client, as a file named by the hex of its digest. */
export function ociBlob(
  label: string,
  reference: string,
  { sessionId, store }: { sessionId: string; store: string },
): Output {
  const attrs = { "http.perm": "0644", "oci.session": sessionId, "oci.store": store };
  return source(label, `oci-layout+blob://${reference}`, attrs);
}

/** One blob of a repository, as a file named by the hex of its digest. BuildKit's cache key is the digest alone. */
export function imageBlob(label: string, repository: string, digest: string): Output {
  return source(label, `docker-image+blob://${repository}@${digest}`, { "http.perm": "0644" });
}

/** One file from a web server, with the name `filename`. */
export function http(label: string, url: string, filename: string): Output {
  return source(label, url, { "http.filename": filename });
}

export interface GitSource {
  readonly remote: string;
  /** Branch, tag or commit; empty for the default branch. */
  readonly ref: string;
  readonly subdir: string;
  readonly keepGitDir: boolean;
}

/** A checkout, with the client's credentials if it has some. */
export function git(label: string, { remote, ref, subdir, keepGitDir }: GitSource): Output {
  const place = remote
    .replace(/^[a-z]+:\/\//, "")
    .replace(/^[^@/]+@/, "")
    .replace(/^([^/:]+):(?!\d)/, "$1/");
  const fragment = subdir ? `#${ref}:${subdir}` : ref && `#${ref}`;
  const isSsh = /^(ssh:|[^/]+@)/.test(remote);
  return source(label, `git://${place}${fragment}`, {
    "git.fullurl": remote,
    "git.authtokensecret": "GIT_AUTH_TOKEN",
    "git.authheadersecret": "GIT_AUTH_HEADER",
    ...(isSsh && { "git.mountsshsock": "default" }),
    ...(keepGitDir && { "git.keepgitdir": "true" }),
  });
}

/** A source of any kind, with BuildKit's attributes for it. */
export function source(
  name: string,
  identifier: string,
  attrs: Record<string, string>,
  platform?: Platform,
): Output {
  const sorted = Object.fromEntries(Object.entries(attrs).sort(([a], [b]) => (a < b ? -1 : 1)));
  return output({
    kind: "own",
    op: { $case: "source", value: { identifier, attrs: sorted } },
    inputs: [],
    ...(platform && { platform }),
    metadata: { name, caps: [capability(identifier)] },
  });
}

function capability(identifier: string): string {
  const scheme = identifier.slice(0, identifier.indexOf(":"));
  const names: Readonly<Record<string, string>> = {
    local: "local",
    git: "git",
    "docker-image": "image",
    "oci-layout": "ocilayout",
    "docker-image+blob": "imageblob",
    "oci-layout+blob": "imageblob",
  };
  return `source.${names[scheme] ?? "http"}`;
}
