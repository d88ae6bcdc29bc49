/**
 * Handles a build context that is a URL. Upstream ignores an input named `dockerfile` then, so Larder turns the URL
 * into LLB and gives that as the input `context` in place of the URL.
 */
import type { Bridge } from "../gateway/bridge.js";
import type { BuildOptions } from "../gateway/options.js";
import type { Definition } from "../gen/ops.js";
import { unpack } from "../llb/copy.js";
import { marshal } from "../llb/marshal.js";
import { git, http } from "../llb/source.js";

export interface RemoteContext {
  readonly definition: Definition;
  /** The Dockerfile's name, if the URL leads to a single Dockerfile and not to a folder. */
  readonly filename?: string;
}

const downloadName = "context";

/** @returns undefined if the context is the client's own folder or an input. */
export async function openRemoteContext(
  bridge: Bridge,
  { frontend }: BuildOptions,
): Promise<RemoteContext | undefined> {
  const url = frontend[contextOption(frontend)] ?? "";
  const repository = parseGitUrl(url);
  if (repository) {
    const keepGitDir = /^(1|t|true)$/i.test(frontend["build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR"] ?? "");
    return { definition: marshal(git("[internal] load git source", { ...repository, keepGitDir })) };
  }
  if (!/^https?:\/\//.test(url)) return undefined;
  const download = http("[internal] load remote build context", url, downloadName);
  const definition = marshal(download);
  const { result } = await bridge.solve({ Definition: definition });
  const start =
    result?.$case === "ref" ? await bridge.readFile(result.value.id, downloadName, 512) : Buffer.alloc(0);
  if (!isArchive(start)) return { definition, filename: downloadName };
  return {
    definition: marshal(
      unpack("[internal] unpack remote build context", download, `/${downloadName}`, undefined),
    ),
  };
}

/** The option that holds the URL. The client may choose another option. */
export function contextOption(options: Readonly<Record<string, string>>): string {
  return options.contextkey ?? "context";
}

export interface GitUrl {
  readonly remote: string;
  readonly ref: string;
  readonly subdir: string;
}

/** `https://host/repository.git#ref:folder`, `git@host:path`, `ssh://`, `git://`, `github.com/...`. */
export function parseGitUrl(url: string): GitUrl | undefined {
  const [remote = "", fragment = ""] = url.split("#", 2);
  const isGit =
    /^https?:\/\/[^?]*\.git$/.test(remote) ||
    /^(git|ssh):\/\//.test(remote) ||
    /^[\w.-]+@[\w.-]+:/.test(remote);
  const isGithub = remote.startsWith("github.com/");
  if (!isGit && !isGithub) return undefined;
  const [ref = "", subdir = ""] = fragment.split(":", 2);
  return { remote: isGithub ? `https://${remote}` : remote, ref, subdir: subdir.replace(/^\/+/, "") };
}

/** bzip2, gzip and xz have their own first bytes, tar has a mark in its first header. */
function isArchive(bytes: Buffer): boolean {
  const marks = ["425a68", "1f8b08", "fd377a585a00"].map((hex) => Buffer.from(hex, "hex"));
  const isCompressed = marks.some((mark) => bytes.subarray(0, mark.length).equals(mark));
  return isCompressed || bytes.subarray(257, 262).toString("latin1") === "ustar";
}
