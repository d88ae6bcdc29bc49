/** Finds the container manager in a container, and where it and others keep their data. */
import { LarderError } from "../../../error.js";
import { usageError } from "../../usage-error.js";
import { openContainerd } from "./containerd.js";
import { openDocker } from "./docker.js";
import type { Shell } from "./exec.js";
import type { Manager } from "./manager.js";

export const managerNames = ["docker", "containerd"] as const;
export type ManagerName = (typeof managerNames)[number];

/**
 * @param wanted Without it, Docker, if it is there: so PRELOAD itself chooses.
 * @throws LarderError if there is none, or if it does not answer.
 */
export async function findManager(shell: Shell, wanted: ManagerName | undefined): Promise<Manager> {
  const found = await look(shell);
  const { docker, containerd, roots } = found;
  if (wanted === "docker" && !docker) throw missing(found, "docker");
  if (wanted === "containerd" && containerd === undefined) throw missing(found, "containerd");
  if (docker && wanted !== "containerd") return openDocker(shell, roots);
  if (containerd !== undefined) return openContainerd(shell, containerd, roots);
  throw missing(found, undefined);
}

function missing({ clients, podman }: Found, wanted: ManagerName | undefined): LarderError {
  if (wanted !== undefined) {
    return usageError(`--daemon=${wanted}: none runs in the container, or its client is not in PATH there`);
  }
  if (podman) {
    return new LarderError(
      "no Docker and no containerd runs in the container, and larder commit does not take images out of Podman: push " +
        "them with podman push, and name them with PRELOAD",
    );
  }
  const hint = clients.length > 0 ? ` (there is ${clients.join(" and ")}): start it there` : "";
  return new LarderError(
    `no Docker and no containerd runs in the container${hint}; docker commit keeps its files`,
  );
}

interface Found {
  readonly docker: boolean;
  /** Its socket. */
  readonly containerd: string | undefined;
  /** Of all containerds that run. */
  readonly roots: readonly string[];
  /** Programs in PATH whose daemon does not run. */
  readonly clients: readonly string[];
  readonly podman: boolean;
}

async function look(shell: Shell): Promise<Found> {
  const { stdout } = await shell.try(["sh", "-c", lookScript]);
  const lines = stdout.split("\n").map((line) => line.split(/ (.*)/s));
  const valuesOf = (word: string) => lines.flatMap(([key, value = ""]) => (key === word ? [value] : []));
  return {
    docker: valuesOf("docker").length > 0,
    containerd: valuesOf("containerd")[0],
    roots: [...new Set(valuesOf("root").map((root) => root.replaceAll(/^['"]|['"]$/g, "")))],
    clients: valuesOf("client"),
    podman: lines.some(([key]) => key === "podman"),
  };
}

/**
 * Docker's own containerd has its socket elsewhere, and its root below Docker's. The program of a running containerd is
 * asked, since a `containerd` in PATH may be Larder's.
 */
const lookScript = `
if command -v docker >/dev/null; then
  if [ -n "$DOCKER_HOST" ] || [ -S /run/docker.sock ] || [ -S /var/run/docker.sock ]; then echo docker
  else echo client docker; fi
fi
if command -v ctr >/dev/null; then
  if [ -S /run/containerd/containerd.sock ]; then echo containerd /run/containerd/containerd.sock
  else echo client ctr; fi
fi
if command -v podman >/dev/null; then echo podman; fi
for process in /proc/[0-9]*; do
  [ "$(cat "$process/comm" 2>/dev/null)" = containerd ] || continue
  config= root= word=
  while read -r next; do
    case $word in -c | --config) config=$next ;; --root) root=$next ;; esac
    case $next in --config=*) config=\${next#*=} ;; --root=*) root=\${next#*=} ;; esac
    word=$next
  done <<EOF
$(tr '\\0' '\\n' <"$process/cmdline")
EOF
  if [ -z "$root" ]; then
    root=$("$process/exe" \${config:+--config "$config"} config dump 2>/dev/null | sed -n 's/^root *= *//p')
  fi
  [ -n "$root" ] && echo "root $root"
done
:`;
