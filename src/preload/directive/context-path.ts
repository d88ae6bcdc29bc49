/** Paths of files in the build context. No path leads out of its root. */
import { posix } from "node:path";

/**
 * A path in a flag, which is read as COPY reads it: `/` is the context's root.
 * @returns the path without `.` and `..`, relative to the root.
 * @throws Error for a path outside the build context.
 */
export function contextPath(path: string): string {
  return fileInContext(path.replace(/^\/+/, ""), ".");
}

/** A file that is named in a file of the context. Otherwise like {@link pathInContext}. */
export function fileInContext(path: string, directory: string): string {
  const resolved = pathInContext(path, directory);
  if (/(^|\/)\.{0,2}$/.test(path)) throw new Error(`"${path}" is a directory; name a file`);
  return resolved;
}

/**
 * A path that is written in a file of the context.
 * @param directory of that file, relative to the root.
 */
export function pathInContext(path: string, directory: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\/|^(git@|oci:)/i.test(path)) {
    throw new Error(`"${path}" is elsewhere; PRELOAD reads files of the build context only`);
  }
  const resolved = posix.normalize(posix.join(directory, path));
  if (posix.isAbsolute(path) || resolved === ".." || resolved.startsWith("../")) {
    throw new Error(`"${path}" is outside of the build context; name a file in it`);
  }
  return resolved;
}
