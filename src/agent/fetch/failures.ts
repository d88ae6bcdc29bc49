import type { Platform } from "../../image/platform.js";
import { caSecret } from "./authorities.js";
import type { Login } from "./credentials.js";

export interface FailureContext {
  /** Registry with its port. */
  readonly registry: string;
  readonly platform: Platform;
  /** The proxy from the build arguments that skopeo uses for the registry, with its port. */
  readonly proxy: string | undefined;
  readonly login: Login;
  /** The number of certificates in the secret larder-ca. */
  readonly authorities: number;
  /** The number of attempts. */
  readonly attempts: number;
}

export interface Failure {
  readonly message: string;
  /** Another attempt may succeed. */
  readonly transient: boolean;
  /** No connection could be opened. */
  readonly unreachable: boolean;
}

interface Class {
  readonly pattern: RegExp;
  readonly transient?: boolean;
  readonly unreachable?: boolean;
  readonly say: (context: FailureContext) => string;
}

const secret = "--secret id=larder-auth,src=$HOME/.docker/config.json";

/** Messages of skopeo (containers/image) and their meaning, in the order of the search. */
const classes: readonly Class[] = [
  {
    pattern: /no image found in (?:manifest list|image index)/i,
    say: ({ platform }) =>
      `the image has no ${showPlatform(platform)}: choose another with PRELOAD --platform=`,
  },
  {
    pattern: /server gave HTTP response to HTTPS client/,
    say: ({ registry }) =>
      `the registry ${registry} speaks plain HTTP: allow it with --build-arg LARDER_INSECURE_REGISTRIES=${registry}`,
  },
  {
    pattern: /x509: .*unknown authority/i,
    say: ({ registry, authorities }) =>
      authorities === 0
        ? `the certificate of the registry ${registry} is signed by an unknown authority: give its CA with ` +
          `--secret id=${caSecret},src=ca.pem, or turn the check off with --build-arg LARDER_INSECURE_REGISTRIES=${registry}`
        : `the certificate of the registry ${registry} is signed by none of the ${authorities} in the secret ${caSecret}: ` +
          "put the CA into it that signs this one",
  },
  {
    pattern: /x509:|tls: failed to verify/i,
    say: ({ registry }) =>
      `the certificate of the registry ${registry} does not hold, whoever signs it: give the registry another one, name it ` +
      `as its certificate does, or turn the check off with --build-arg LARDER_INSECURE_REGISTRIES=${registry}`,
  },
  {
    // This comes before all patterns of numbers and words: a proxy may answer with any of them.
    pattern: /dial tcp [^\n]*i\/o timeout/,
    unreachable: true,
    say: unreachable,
  },
  {
    pattern:
      /dial tcp|connect: |proxyconnect|no such host|server misbehaving|name resolution|network is unreachable|no route to host/i,
    transient: true,
    unreachable: true,
    say: unreachable,
  },
  {
    // A proxy's answer to CONNECT, or none within a minute. A registry's answer has its status as a number, or a word
    // of its own.
    pattern:
      /Get \\?"[^"]*": (?:Forbidden|Proxy Authentication Required|Method Not Allowed|Bad Gateway|Service Unavailable|Gateway Time-?out|context deadline exceeded)/i,
    unreachable: true,
    say: unreachable,
  },
  {
    pattern: /toomanyrequests|too many requests|status(?: code)?:? 429/i,
    transient: true,
    say: refusedForNow,
  },
  {
    pattern:
      /unauthorized|authentication required|denied|forbidden|status(?: code)?:? 40[13]|invalid username\/password/i,
    say: refusedLogin,
  },
  {
    pattern: /manifest unknown|name unknown|not found|status(?: code)?:? 404/i,
    say: ({ registry }) => `the registry ${registry} has no such image: check its name and tag`,
  },
  {
    pattern:
      /digest did not match|digest mismatch|does not match (?:the )?(?:digest|specified)|invalid checksum|size mismatch|unexpected size/i,
    transient: true,
    say: ({ registry }) => `a blob from the registry ${registry} is corrupt: push the image again`,
  },
  {
    pattern: /no space left on device/i,
    say: () => "no space left on device for the image's blobs: make room where BuildKit keeps its state",
  },
  {
    pattern:
      /connection reset|unexpected EOF|\bEOF\b|timeout|broken pipe|use of closed network|status(?: code)?:? 5\d\d|stream error|short read/i,
    transient: true,
    say: ({ registry, attempts }) =>
      `the connection to the registry ${registry} failed or dropped at try ${attempts}: try again`,
  },
];

/** The frontend adds other places where the image may be found. */
export function unreachable({ registry, proxy }: Pick<FailureContext, "registry" | "proxy">): string {
  return proxy === undefined
    ? `the registry ${registry} cannot be reached from a build step, which knows none of the builder's mirrors`
    : `the registry ${registry} cannot be reached through the proxy ${proxy} of the build arguments: check these and NO_PROXY`;
}

function refusedForNow({ registry, login }: FailureContext): string {
  const refused = `the registry ${registry} refuses more pulls for now`;
  if (login.kind === "written") return `${refused}, with the login of the secret larder-auth, too: wait`;
  const way = login.kind === "helper" ? helperSays(registry, login.program) : `log in with ${secret}`;
  return `${refused}: ${way}, or wait`;
}

function refusedLogin({ registry, login }: FailureContext): string {
  const wanted = `the registry ${registry} wants a login, or the image does not exist`;
  switch (login.kind) {
    case "none":
      return `${wanted}: pass one with ${secret}`;
    case "absent":
      return `${wanted}, and the secret larder-auth has none for it: docker login ${registry}, or check the name`;
    case "written":
      return `the registry ${registry} refuses the login of the secret larder-auth, or the image does not exist: docker login ${registry} again`;
    case "helper":
      return `${wanted}; ${helperSays(registry, login.program)}`;
  }
}

function helperSays(registry: string, program: string): string {
  return (
    `the secret larder-auth leaves the login to the helper ${program}, which a build step cannot run: ` +
    `give a config with the login in it, {"auths":{"${registry}":{"auth":"..."}}}, with what ` +
    "printf %s USER:PASSWORD | base64 | tr -d '\\n' prints for the dots"
  );
}

/** Makes one sentence of skopeo's last words. */
export function explainSkopeo(stderr: string, context: FailureContext): Failure {
  const last = lastWords(stderr);
  const found = classes.find(({ pattern }) => pattern.test(stderr));
  if (!found) return { message: `skopeo: ${last}`, transient: false, unreachable: false };
  const { transient = false, unreachable = false } = found;
  return { message: `${found.say(context)} (${last})`, transient, unreachable };
}

function showPlatform({ os, architecture, variant }: Platform): string {
  return `${os}/${architecture}${variant ? `/${variant}` : ""}`;
}

/** skopeo ends with `time="..." level=fatal msg="..."`. */
function lastWords(stderr: string): string {
  const line = stderr.trim().split("\n").at(-1) ?? "";
  const message = /level=\w+ msg=("(?:[^"\\]|\\.)*")/.exec(line)?.[1];
  const words = message === undefined ? line : (JSON.parse(message) as string);
  return words.replace(/^Error parsing image name "[^"]*": /, "");
}
