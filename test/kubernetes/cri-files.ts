import { lab, labImage } from "../harness/lab.js";

const url = `http://${lab.registry}`;

/**
 * Files of a build context. Their `etc` turns containerd 1.6 to 2.1 into a node's, with pods of the lab's pause image
 * and the lab's registry over plain HTTP. 2.1 reads this older version of its config, too.
 *
 * restrict_oom_score_adj: without CAP_SYS_RESOURCE, a machine refuses a pod's -998. Before 2.0, a hosts.toml without a
 * [host] is ignored.
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
