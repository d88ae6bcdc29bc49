/** Puts together what the outer engine and the container say. */
import { onShelf, shelf } from "../../shelf/paths.js";
import { daemonIn } from "./daemon.js";
import type { InnerFacts, Mount, OuterFacts } from "./facts.js";

export interface Diagnosis {
  readonly container: string;
  /** null: this cannot be told. */
  readonly shows: boolean | null;
  readonly found: readonly Found[];
  readonly notes: readonly string[];
  /** Why images do not show up, each with the way out. */
  readonly reasons: readonly string[];
}

export interface Found {
  readonly from: "engine" | "container";
  readonly name: string;
  readonly text: string;
}

export function diagnose(outer: OuterFacts, inner: InnerFacts): Diagnosis {
  const explained = inner.kind === "explained" ? inner.explained : undefined;
  const inside = (explained?.found ?? []).map((found) => ({ from: "container", ...found }) as const);
  const dataRoot = inside.find(({ name }) => name === "data root")?.text.replace(/ \(.*/s, "");
  const notes = [...outerNotes(outer, inner), ...(explained?.notes ?? [])];
  const reasons = [...outerReasons(outer, inner), ...(explained?.reasons ?? [])];
  return {
    container: outer.name,
    shows: reasons.length > 0 ? false : (explained?.shows ?? null),
    found: [...outerFound(outer, dataRoot), ...inside],
    notes,
    reasons,
  };
}

function outerFound(outer: OuterFacts, dataRoot: string | undefined): Found[] {
  const { image, environment, mounts, engine } = outer;
  const rows: [name: string, text: string][] = [
    ["container", `${outer.name}, ${outer.state}`],
    ["image", `${image.name}, ${image.label ? `with the label ${image.label}` : "without Larder's label"}`],
    ["command", `${outer.command.join(" ")}${outer.isOverridden ? " (not the image's own)" : ""}`],
    ["runtime", `${outer.runtime || "the engine's default"}, ${privilegeOf(outer)}`],
    ...mounts
      .filter(({ destination }) => matters(destination, dataRoot))
      .map((mount): [string, string] => ["mount", mountText(mount)]),
    ...["LARDER_ATTACH", "DOCKER_DRIVER"].flatMap((name): [string, string][] =>
      environment.has(name) ? [["variable", `${name}=${environment.get(name)}`]] : [],
    ),
    ...(outer.isReadOnly ? [["root", "read-only"] as [string, string]] : []),
    ["engine", `Docker ${engine.version}, storage driver ${engine.driver}`],
  ];
  return rows.map(([name, text]) => ({ from: "engine", name, text }));
}

function privilegeOf({ isPrivileged, runtime }: OuterFacts): string {
  if (isPrivileged) return "privileged";
  return isSysbox(runtime) ? "without privilege, as Sysbox needs none" : "not privileged";
}

function isSysbox(runtime: string): boolean {
  return runtime.includes("sysbox");
}

const dataRoots = ["/var/lib/docker", "/var/lib/containerd"];

/** Does a mount there touch a data root, the shelf or Larder's programs in PATH? */
function matters(destination: string, dataRoot = "/var/lib/docker"): boolean {
  return [...dataRoots, dataRoot, `/${shelf}`, "/usr/local/sbin"].some(
    (path) => covers(destination, path) || covers(path, destination),
  );
}

/** Is the path at the mount or below it? */
function covers(destination: string, path: string): boolean {
  return path === destination || path.startsWith(`${destination.replace(/\/$/, "")}/`);
}

function mountText({ type, source, destination, isReadOnly, age }: Mount): string {
  const anonymous = type === "volume" && /^[0-9a-f]{64}$/.test(source);
  const named = anonymous ? "an anonymous volume" : `${type} ${source}`.trim();
  return `${named} at ${destination}${isReadOnly ? ", read-only" : ""}${isOlder(age) ? ", older than the container" : ""}`;
}

/** A volume that `docker run` itself makes is made just before or after the container. */
function isOlder(age: number | undefined): boolean {
  return age !== undefined && age > 5;
}

function outerNotes(outer: OuterFacts, inner: InnerFacts): string[] {
  const { image, mounts } = outer;
  const notes: string[] = [];
  if (image.now === "another") {
    notes.push(
      `${image.name} has been built or pulled anew since: create the container anew to have its images`,
    );
  }
  if (image.now === "gone")
    notes.push(`${image.name} is not in the engine any more, so it cannot be compared`);
  if (image.label === undefined && inner.kind !== "failed" && !lacksShelf(inner)) {
    notes.push("the image has a shelf, and lost its label: docker import and squashing do that");
  }
  if (!outer.isPrivileged && !isSysbox(outer.runtime)) {
    notes.push(
      "the container is neither privileged nor run by sysbox-runc: most inner daemons do not start so; use --privileged or " +
        "--runtime=sysbox-runc",
    );
  }
  for (const { source, destination } of mounts.filter(({ age }) => isOlder(age))) {
    if (dataRoots.some((root) => covers(root, destination) || covers(destination, root)))
      notes.push(`volume ${source} was there before the container: it may hold images of another container`);
  }
  if (inner.kind === "stopped") {
    notes.push(
      `the container does not run (it is ${outer.state}): start it, since its settings and its data root are looked at inside`,
    );
  }
  return notes;
}

function lacksShelf(inner: InnerFacts): boolean {
  return inner.kind === "stopped" && !inner.hasShelf;
}

/** Reasons that attach cannot tell from within, or could not, since it did not run. */
function outerReasons(outer: OuterFacts, inner: InnerFacts): string[] {
  if (inner.kind === "explained") return [];
  const hiding = outer.mounts.filter(({ destination }) => hidesShelf(destination));
  const reasons = hiding.map(
    (mount) => `${mountText(mount)} hides /${shelf}, where the inner images are: leave that mount out`,
  );
  if (outer.image.label === undefined && (inner.kind === "failed" || lacksShelf(inner))) {
    reasons.push(
      `${outer.image.name} has no label io.larder.preload: build it from a Dockerfile with PRELOAD and Larder's # syntax= line`,
    );
  } else if (inner.kind === "failed" && hiding.length === 0) {
    reasons.push(inner.reason);
  }
  // What a data root holds stays, however the daemon is started.
  if (inner.kind !== "stopped" || inner.isAttached) return reasons;
  return [...reasons, ...startReasons(outer)];
}

function hidesShelf(destination: string): boolean {
  const inside = [
    `/${shelf}`,
    `/${shelf}/${onShelf.bin}`,
    `/${shelf}/${onShelf.layers}`,
    `/${shelf}/catalog`,
  ];
  return inside.some((path) => covers(destination, path));
}

/** Reasons in the way in which the container would start. */
function startReasons(outer: OuterFacts): string[] {
  const reasons: string[] = [];
  if (outer.environment.get("LARDER_ATTACH") === "off") {
    reasons.push("LARDER_ATTACH is off: leave the variable out");
  }
  const [program = ""] = daemonIn(outer.command) ?? [];
  if (program.includes("/") && !program.startsWith("/usr/local/sbin/")) {
    reasons.push(
      `the container's command starts ${program} by its path, so attach is not run: write the name without the path`,
    );
  }
  return reasons;
}
