import type { LayerBlob } from "../job.js";

/** The tools' words, as a user may meet them, in a sentence that follows "its layer sha256:...". */
const sentences: readonly (readonly [RegExp, (found: RegExpExecArray) => string])[] = [
  [
    /^(?:tar: )+(.*?): Member name contains '\.\.'/m,
    ([, name]) => `has the entry ${name}, a name with "..", which may lead out of the layer`,
  ],
  [
    /^(?:tar: )+(.*?): Cannot hard link to '(.*?)': No such file or directory/m,
    ([, name = "", target = ""]) => noSuchTarget(name, target),
  ],
  [
    /^(?:tar: )+(.*?): Cannot (?:open|unlink|mkdir|create symlink to .*|hard link to .*|mknod|mkfifo): (?:Not a directory|Too many levels of symbolic links)/m,
    ([, name]) => `has the entry ${name} below a link that leads out of its directory, or below a file`,
  ],
  [
    /^(?:tar: )+(.*?): Cannot mknod: Operation not permitted/m,
    ([, name]) =>
      `has the device ${name}, which a step in this builder's user namespace may not make: build with a builder that is in none`,
  ],
  [
    /^(?:tar: )+(.*?): Cannot change ownership to uid (\d+), gid (\d+): Invalid argument/m,
    ([, name = "", uid, gid]) => noSuchOwner(name, Number(uid), Number(gid)),
  ],
  [
    /^(?:tar: )+(.*?): Cannot .*: File name too long/m,
    ([, name = ""]) =>
      `has a name of ${name.length} bytes, ${shorten(name)}, which is too long for a file system`,
  ],
  // Docker's layer store keeps such a record of each tar.
  [
    /tar-split: .*duplicates of file paths not supported/,
    () => "has two entries of one name, which Docker's record of a layer cannot hold",
  ],
  [/Unexpected EOF in archive|tar-split: .*unexpected EOF/, () => "is cut off: push the image again"],
  [/No space left on device/, () => "has no room: make some where BuildKit keeps its state"],
];

export function noSuchTarget(name: string, target: string): string {
  return (
    `has a hard link ${shorten(name)} to ${shorten(target)}, which is not in the same layer: flatten the image, or say ` +
    "--via=daemon where the stage's manager can take it"
  );
}

export function noSuchOwner(name: string, uid: number, gid: number): string {
  return (
    `has the file ${shorten(name)} of user ${uid} and group ${gid}, whom this builder's user namespace does not have: ` +
    "give it more IDs in /etc/subuid and /etc/subgid, or build with a builder that is in none"
  );
}

/** One sentence for the failure to unpack a layer. */
export function explainTar({ digest }: LayerBlob, { message }: Error): string {
  for (const [pattern, sentence] of sentences) {
    const found = pattern.exec(message);
    if (found) return `its layer ${digest} ${sentence(found)}`;
  }
  if (/^(igzip|zstd|tar-split|tar): /.test(message)) {
    const [first = ""] = message
      .split("\n")
      .filter((line) => !/Exiting with failure|Removing leading/.test(line));
    return `its layer ${digest} is no tar that can be unpacked (${shorten(first)})`;
  }
  return `its layer ${digest} ${message.replace(`it ${digest} `, "")}`;
}

/** A name may be as long as a layer's author likes. */
function shorten(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}...`;
}
