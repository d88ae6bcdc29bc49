/** Finds the reason why a dockerd or containerd ended or does not work, in its own words: one line of its long log. */

interface Line {
  readonly text: string;
  /** Absent: the line is no log line, but output of the program or its loader. */
  readonly level?: string;
  readonly message: string;
  readonly error?: string;
}

/** Beginnings of lines that are printed at the very end, without a level. */
const lastWords =
  /^(?:failed to start \w+: |unable to configure the Docker daemon|containerd: |dockerd: |Status: |Incorrect Usage\.|panic: |fatal error: |runtime: out of memory|chroot: |.*error while loading shared libraries: )/;

/** dockerd's message if the containerd that it started does not work. */
const aboutContainerd =
  /failed to dial|timeout waiting for containerd|unknown service|context deadline exceeded/;

/** Without these plugins, containerd runs and answers, but cannot keep images. */
const vitalPlugins =
  /io\.containerd\.(?:metadata\.v1\.bolt|snapshotter\.v1\.overlayfs|content\.v1\.content)\b/;

/** @param log lines of the daemon, oldest first. @returns undefined if no line reports a fault. */
export function daemonReason(log: readonly string[]): string | undefined {
  const lines = log.filter((text) => text.trim() !== "").map(parseLine);
  const reason =
    lines.findLast(({ text }) => isFullDisk(text)) ??
    lines.findLast(({ level }) => level === "fatal" || level === "panic") ??
    withoutConsequences(lines) ??
    lines.find(({ text }) => /failed to load plugin/.test(text) && vitalPlugins.test(text)) ??
    lines.findLast(({ level }) => level === "error") ??
    lines.findLast(({ level }) => level === undefined);
  return reason && shown(reason, lines);
}

export function isFullDisk(words: string): boolean {
  return /no space left on device|ENOSPC|disk quota exceeded/i.test(words);
}

/** The last line, but without mere consequences of an earlier one. */
function withoutConsequences(lines: readonly Line[]): Line | undefined {
  const words = lines.findLast(({ level, text }) => level === undefined && lastWords.test(text));
  if (!words || !aboutContainerd.test(words.text)) return words;
  return lines.findLast(isEndOfContainerd) ?? words;
}

function isEndOfContainerd({ message }: Line): boolean {
  return message === "containerd did not exit successfully";
}

function shown(line: Line, lines: readonly Line[]): string {
  // containerd's output is between the lines of its parent.
  const printed = isEndOfContainerd(line)
    ? lines.slice(0, lines.indexOf(line)).findLast(({ level }) => level === undefined)
    : undefined;
  const parts = [printed?.text, line.message, line.error].filter((part) => part !== undefined && part !== "");
  return parts
    .join(": ")
    .replace(/^Status: (.*?)(?:, Code: \d+)?$/, "$1")
    .replaceAll("/run/larder/daemon.json", "/etc/docker/daemon.json")
    .slice(0, longest);
}

const longest = 500;

/** `time="..." level=info msg="..." error="..."`, as logrus writes it. */
function parseLine(text: string): Line {
  const level = /^time=\S+ level=(\w+) /.exec(text)?.[1];
  if (level === undefined) return { text, message: text.trim() };
  const error = member(text, "error");
  return { text, level, message: member(text, "msg") ?? text, ...(error !== undefined && { error }) };
}

function member(text: string, name: string): string | undefined {
  const [, quoted, bare] = new RegExp(` ${name}=(?:("(?:[^"\\\\]|\\\\.)*")|(\\S+))`).exec(text) ?? [];
  if (quoted === undefined) return bare;
  try {
    return JSON.parse(quoted) as string;
  } catch {
    // Go quotes some bytes in a way that JSON does not know.
    return quoted.slice(1, -1);
  }
}
