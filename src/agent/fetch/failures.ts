import type { Platform } from "../../image/platform.js";

export interface FailureContext {
  /** Registry with its port. */
  readonly registry: string;
  readonly platform: Platform;
  /** Credentials were given to the step. */
  readonly hasAuth: boolean;
  /** How often it was tried. */
  readonly attempts: number;
}

export interface Failure {
  readonly message: string;
  /** It may work the next time. */
  readonly transient: boolean;
}

const secret = "--secret id=larder-auth,src=$HOME/.docker/config.json";

/** What skopeo (containers/image) says, in the order in which it is looked for, and what it means. */
const classes: readonly { pattern: RegExp; transient?: boolean; say: (context: FailureContext) => string }[] =
  [
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
      pattern: /x509:|certificate signed by unknown|tls: failed to verify/i,
      say: ({ registry }) =>
        `the certificate of the registry ${registry} is not trusted: allow it with --build-arg LARDER_INSECURE_REGISTRIES=${registry}`,
    },
    {
      pattern: /toomanyrequests|too many requests|status(?: code)?:? 429/i,
      transient: true,
      say: ({ registry }) =>
        `the registry ${registry} refuses more pulls for now: log in with ${secret}, or wait`,
    },
    {
      pattern:
        /unauthorized|authentication required|denied|forbidden|status(?: code)?:? 40[13]|invalid username\/password/i,
      say: ({ registry, hasAuth }) =>
        hasAuth
          ? `the registry ${registry} refuses the login of the secret larder-auth, or the image does not exist: docker login ${registry} again`
          : `the registry ${registry} wants a login, or the image does not exist: pass one with ${secret}`,
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
      pattern: /no such host|server misbehaving|name resolution/i,
      transient: true,
      say: ({ registry }) => `the registry ${registry} is not found by the build's DNS`,
    },
    {
      pattern: /no space left on device/i,
      say: () => "no space left on device for the image's blobs: make room where BuildKit keeps its state",
    },
    {
      pattern:
        /connection (?:refused|reset)|unexpected EOF|\bEOF\b|i\/o timeout|timeout|network is unreachable|no route to host|broken pipe|use of closed network|status(?: code)?:? 5\d\d|stream error|short read/i,
      transient: true,
      say: ({ registry, attempts }) =>
        `the connection to the registry ${registry} failed or dropped at try ${attempts}: try again, or use a mirror`,
    },
  ];

/** Makes one sentence of skopeo's last words. */
export function explainFailure(stderr: string, context: FailureContext): Failure {
  const last = lastWords(stderr);
  const found = classes.find(({ pattern }) => pattern.test(stderr));
  if (!found) return { message: `skopeo: ${last}`, transient: false };
  return { message: `${found.say(context)} (${last})`, transient: found.transient ?? false };
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
