import { lab, labImage } from "../harness/lab.js";

const url = `http://${lab.registry}`;

/**
 * Files of a build context whose `etc` makes containerd 1.6 to 2.1 a node's: pods of the lab's pause image, and
 * the lab's registry over plain HTTP. 2.1 reads this older version of its config, too.
 *
 * restrict_oom_score_adj: a machine may have no CAP_SYS_RESOURCE to give, and a pod's -998 is refused then.
 * Before 2.0 a hosts.toml without a [host] is no hosts.toml.
 */
export const criFiles: Readonly<Record<string, string>> = {
  "etc/containerd/config.toml": `version = 2

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${labImage("pause:3")}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/containerd/certs.d"
`,
  [`etc/containerd/certs.d/${lab.registry}/hosts.toml`]: `server = "${url}"\n[host."${url}"]\n`,
};
