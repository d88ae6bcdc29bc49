/** A PRELOAD whose words are expanded. */
import { closest, distance } from "fastest-levenshtein";
import type { StoreTarget } from "../../agent/job.js";
import type { Lines } from "../../error.js";
import { type Platform, parsePlatform } from "../../image/platform.js";
import { parseReference, type Reference } from "../../image/reference.js";
import { type Network, nameImage } from "../plan/plan.js";
import { about, Fault } from "./fault.js";

export interface Directive {
  readonly lines: Lines;
  readonly platform: Platform | undefined;
  readonly network: Network | undefined;
  readonly target: StoreTarget;
  /** auto, direct or daemon, if the PRELOAD says so. */
  readonly via: string | undefined;
  readonly images: readonly RequestedImage[];
  /** A stage, a named context or an image from which the images are made. */
  readonly from: string | undefined;
  /** Paths in the build context of files with further images. */
  readonly lists: readonly string[];
  /** Paths in the build context of Compose files. */
  readonly composes: readonly string[];
}

export interface RequestedImage {
  /** The user's text, expanded. */
  readonly text: string;
  readonly reference: Reference;
  /** The lines of the Dockerfile that ask for it. */
  readonly lines: Lines;
  /** Its place in a file that the Dockerfile names: `images.txt:7`. */
  readonly where?: string;
}

const flags = [
  "--platform",
  "--network",
  "--from",
  "--list",
  "--compose",
  "--store",
  "--namespace",
  "--root",
  "--blobs",
  "--via",
] as const;
type Flag = (typeof flags)[number];

/**
 * @param written words, each with its expanded text.
 * @param more the place of each word in the Dockerfile; and the words of heredocs.
 * @throws Fault that names the flag or the image.
 */
export function parseDirective(
  written: readonly string[],
  expanded: readonly string[],
  lines: Lines,
  more: {
    readonly places?: readonly Lines[];
    readonly listed?: readonly { readonly word: string; readonly lines: Lines }[];
  } = {},
): Directive {
  const values = new Map<string, string>();
  const images: RequestedImage[] = [];
  const lists: string[] = [];
  const composes: string[] = [];
  for (const [index, word] of written.entries()) {
    const value = expanded[index] ?? "";
    if (word.startsWith("--")) {
      const [name, text] = splitFlag(value);
      if (name === "--list") lists.push(text);
      else if (name === "--compose") composes.push(text);
      else values.set(name, text);
    } else {
      // A variable may hold several images, like the ports of EXPOSE.
      images.push(
        ...value
          .split(/\s+/)
          .filter(Boolean)
          .map((text) => requestImage(text, more.places?.[index] ?? lines)),
      );
    }
  }
  images.push(...(more.listed ?? []).map(({ word, lines }) => requestImage(word, lines)));
  if (images.length + lists.length + composes.length === 0) {
    throw new Fault("no image is named; write PRELOAD image..., for example PRELOAD redis:7");
  }
  const platform = values.get("--platform");
  return {
    lines,
    platform:
      platform === undefined ? undefined : about(`--platform="${platform}": `, () => parsePlatform(platform)),
    network: oneOf("--network", values.get("--network"), ["default", "host", "none"]),
    target: parseTarget(values),
    via: oneOf("--via", values.get("--via"), ["auto", "direct", "daemon"]),
    images: withoutDuplicates(images),
    from: values.get("--from"),
    lists,
    composes,
  };
}

/** Adds the images of the directive's files. @param words of all files. @throws Fault if there is no image at all. */
export function withListed(
  directive: Directive,
  words: readonly { readonly word: string; readonly where: string }[],
): Directive {
  const { lines, lists, composes } = directive;
  const listed = words.map(({ word, where }) => requestImage(word, lines, where));
  const images = withoutDuplicates([...directive.images, ...listed]);
  if (images.length > 0) return { ...directive, images };
  const flag = lists.length > 0 ? "--list" : "--compose";
  const way = lists.length > 0 ? "write one a line" : "give its services images";
  const paths = [...lists, ...composes].join(", ");
  throw new Fault(`${flag}="${paths}" names no image; ${way}`);
}

/** Splits `--name=value`. @throws Fault for an unknown flag, or one without a value. */
export function splitFlag(word: string): [name: string, value: string] {
  const equals = word.indexOf("=");
  const name = equals < 0 ? word : word.slice(0, equals);
  if (!flags.some((flag) => flag === name)) throw unknownFlag(name);
  if (equals < 0) throw new Fault(`flag "${name}" has no value; write ${name}=...`);
  return [name, word.slice(equals + 1)];
}

function unknownFlag(name: string): Fault {
  const nearest = closest(name, flags);
  const meant = distance(name, nearest) <= 3 ? `; did you mean ${nearest}?` : "";
  return new Fault(`unknown flag "${name}"${meant || `; the flags are ${flags.join(", ")}`}`);
}

/** Docker as it decides itself or with one of its stores, Podman, or a containerd without Docker. */
const storeValues = ["docker", "docker-overlay2", "docker-containerd", "podman", "containerd"] as const;

/** Only a containerd has a namespace and a root, so either of them excludes Docker. */
function parseTarget(values: ReadonlyMap<string, string>): StoreTarget {
  const store = oneOf("--store", values.get("--store"), storeValues);
  const blobs = oneOf("--blobs", values.get("--blobs"), ["auto", "never"]);
  const namespace = values.get("--namespace");
  const root = values.get("--root");
  if (namespace !== undefined && !namespacePattern.test(namespace)) {
    throw new Fault(`--namespace="${namespace}": a namespace is of letters, digits, ".", "_" and "-"`);
  }
  if (root !== undefined && !root.startsWith("/")) {
    throw new Fault(`--root="${root}": write an absolute path`);
  }
  if (root !== undefined && !rootPattern.test(root)) {
    throw new Fault(
      `--root=${JSON.stringify(root)}: a root is of letters, digits and "/", ".", "_", "-", "+", "@", "=", since it ` +
        "comes into units of systemd and options of mounts; write another path",
    );
  }
  for (const [flag, value] of [
    ["--namespace", namespace],
    ["--root", root],
  ] as const) {
    if (value === undefined || store === undefined || store === "containerd") continue;
    throw new Fault(`${flag} is of containerd; leave it out, or --store=${store}`);
  }
  const isContainerd = namespace !== undefined || root !== undefined;
  const manager = isContainerd ? "containerd" : managerOf(store);
  const dockerStore =
    store === "docker-overlay2" ? "overlay2" : store === "docker-containerd" ? "containerd" : undefined;
  return {
    ...(manager !== undefined && { manager }),
    ...(dockerStore !== undefined && { dockerStore }),
    ...(namespace !== undefined && { namespace }),
    ...(root !== undefined && { root }),
    ...(blobs === "never" && { blobs }),
  };
}

function managerOf(store: (typeof storeValues)[number] | undefined): StoreTarget["manager"] {
  return store === undefined || store === "podman" || store === "containerd" ? store : "docker";
}

/** Only characters without a meaning to systemd, a shell, TOML or a mount option of overlayfs. */
const rootPattern = /^\/[A-Za-z0-9._+@=/-]+$/;
/** containerd's own rule (identifiers.Validate), with its limit of 76 characters. */
const namespacePattern = /^(?=.{1,76}$)[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/;

/** @throws Fault that lists the values, for any other value. */
function oneOf<Value extends string>(
  flag: Flag,
  text: string | undefined,
  values: readonly Value[],
): Value | undefined {
  const found = values.find((value) => value === text);
  if (text === undefined || found !== undefined) return found;
  const list = `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
  throw new Fault(`unknown ${flag.slice(2)} "${text}"; ${flag} is ${list}`);
}

function requestImage(text: string, lines: Lines, where?: string): RequestedImage {
  const reference = about(`${nameImage(text, where)}: `, () => parseReference(text), lines);
  return { text, reference, lines, ...(where !== undefined && { where }) };
}

function withoutDuplicates(images: readonly RequestedImage[]): RequestedImage[] {
  const byReference = new Map(images.map((image) => [JSON.stringify(image.reference), image]));
  return [...byReference.values()];
}
