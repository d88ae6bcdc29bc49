/** Finds container managers in command lines. */
import { basename } from "node:path";
import { type DaemonName, daemonUnits } from "../../daemons.js";

const names = Object.keys(daemonUnits) as DaemonName[];

function isDaemon(word: string): boolean {
  return names.some((name) => basename(word) === name);
}

/**
 * The daemon in a container's command and its arguments: `["/usr/bin/dockerd", "--debug"]`. A command line in one word,
 * for a shell, is split at its spaces.
 */
export function daemonIn(command: readonly string[]): readonly string[] | undefined {
  const index = command.findIndex(isDaemon);
  if (index >= 0) return command.slice(index);
  for (const line of command.filter((word) => /\s/.test(word))) {
    const words = line.split(/[\s;&|]+/);
    const start = words.findIndex(isDaemon);
    if (start >= 0) return words.slice(start).filter((word) => word !== "" && !/["'`$<>()\\]/.test(word));
  }
  return undefined;
}

/** Does the container's command start systemd? */
export function isSystemd([program = ""]: readonly string[]): boolean {
  return ["systemd", "init"].includes(basename(program));
}
