import type { ByteString } from "../../files/bytes.js";
import { Directory, whiteout } from "./directory.js";

interface Tree {
  readonly root: Directory;
  /** The target of the symbolic link that an entry made. */
  linkAt(entry: number): ByteString | undefined;
}

/** More than any layer has on one way, and less than the kernel follows. */
const mostLinks = 20;

/**
 * Finds a directory as the kernel does for a process whose root is the layer.
 *
 * Docker resolves links so, but containerd joins the target of a link to the path of the link. These differ for `..`
 * behind a second link. They also differ for a link that leads above the root, and for one that leads nowhere.
 * @param makes Directories that are missing are made, but not on the way that a link leads.
 * @returns the words for what is in the way, which follow "below", if there is no such directory for all engines.
 */
export function resolveDirectory(
  { root, linkAt }: Tree,
  parts: readonly ByteString[],
  makes: boolean,
): Directory | string {
  const todo = [...parts].reverse();
  let own = todo.length;
  let links = 0;
  let at = root;
  for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
    const isOwn = todo.length < own;
    if (isOwn) own = todo.length;
    if (part === "..") {
      if (at.parent === undefined || links > (isOwn ? 0 : 1)) return "a link that leads out of its directory";
      at = at.parent;
      continue;
    }
    const found = at.children.get(part);
    if (found instanceof Directory) at = found;
    else if (found === undefined) {
      if (!makes || !isOwn) return "a link that leads nowhere";
      const made = new Directory({ parent: at, base: part });
      at.children.set(part, made);
      at = made;
    } else {
      const target = linkAt(found);
      if (target === undefined) return found === whiteout ? "a path that it deletes" : "a file";
      links += 1;
      if (links > mostLinks) return "a loop of links";
      if (target.startsWith("/")) at = root;
      todo.push(
        ...target
          .split("/")
          .filter((name) => name !== "" && name !== ".")
          .reverse(),
      );
    }
  }
  return at;
}
