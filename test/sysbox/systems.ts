import { build } from "../harness/build.js";
import { type DockerVersion, lab, labImage } from "../harness/lab.js";

/** A system image to be built under sysbox-runc, and with security.insecure. */
export interface System {
  readonly name: string;
  readonly daemon: "docker" | "containerd";
  readonly store: "overlay2" | "containerd";
  readonly base: string;
  /** Version of Docker, if it is not Debian's. */
  readonly version?: DockerVersion;
  /** Lines above the PRELOAD that change the base. */
  readonly lines: string;
}

const configure = (config: object) =>
  `RUN mkdir -p /etc/docker && echo '${JSON.stringify(config)}' >/etc/docker/daemon.json`;

export const systems: readonly System[] = [
  { name: "overlay2", daemon: "docker", store: "overlay2", base: lab.system, lines: "" },
  {
    name: "docker-containerd",
    daemon: "docker",
    store: "containerd",
    base: lab.system,
    lines: configure({ features: { "containerd-snapshotter": true } }),
  },
  {
    name: "docker29",
    daemon: "docker",
    store: "containerd",
    base: labImage("docker:29.9"),
    version: "29.9",
    lines: "",
  },
  {
    name: "docker29-overlay2",
    daemon: "docker",
    store: "overlay2",
    base: labImage("docker:29.9"),
    version: "29.9",
    lines: configure({ "storage-driver": "overlay2" }),
  },
  {
    name: "containerd",
    daemon: "containerd",
    store: "containerd",
    base: labImage("containerd:2.1"),
    lines: "",
  },
  {
    name: "systemd",
    daemon: "docker",
    store: "overlay2",
    base: labImage("systemd-docker:latest"),
    lines: "",
  },
];

const bases = new Map<string, Promise<string>>();

/**
 * The base of the system image, with the same layers in all builders. A RUN would make different layers: sysbox-runc
 * leaves its directories in each.
 */
function baseOf({ name, base, lines }: System): Promise<string> {
  const tag = labImage(`e2e/sysbox-base-${name}:1`);
  const push = async () => {
    const dockerfile = `FROM ${base}\n${lines}\n`;
    await build({ larder: false, allowInsecure: false, dockerfile, tag, args: ["--push"] });
    return tag;
  };
  const made = bases.get(name) ?? push();
  bases.set(name, made);
  return made;
}

/**
 * `example.com/app:1` is a stage with a layer that all builders make equally. `example.com/changed:1` is one that
 * deletes files.
 */
export async function dockerfileOf(system: System, inner: string): Promise<string> {
  return `FROM ${inner} AS inner

FROM inner AS app
COPY --from=inner /odd/capable /odd/nobody /

FROM app AS changed
RUN rm -r /odd/again /nobody && mkdir /odd/again

FROM ${await baseOf(system)}
PRELOAD ${inner}
PRELOAD --from=app example.com/app:1
PRELOAD --from=changed example.com/changed:1
`;
}
