import assert from "node:assert/strict";
import { daemonReason } from "./daemon-reason.js";

const time = 'time="2026-11-26T12:28:19.752633572Z"';

/** Logs of daemons with a fault. Lines that are like others are left out. */
const cases: { title: string; log: string[]; reason: string | undefined }[] = [
  {
    title: "dockerd 20.10, another storage driver",
    log: [
      `${time} level=error msg="Failed to built-in GetDriver graph nonsense /var/lib/docker"`,
      `${time} level=info msg="[core] Channel Connectivity change to CONNECTING" module=grpc`,
      `${time} level=warning msg="[core] grpc: addrConn.createTransport failed to connect to {unix:///var/run/docker/containerd/containerd.sock localhost <nil> 0 <nil>}. Err: connection error: desc = \\"transport: Error while dialing dial unix:///var/run/docker/containerd/containerd.sock: timeout\\". Reconnecting..." module=grpc`,
      "failed to start daemon: error initializing graphdriver: driver not supported",
    ],
    reason: "failed to start daemon: error initializing graphdriver: driver not supported",
  },
  {
    title: "dockerd 26.1, another storage driver",
    log: [
      `${time} level=error msg="Failed to GetDriver graph" driver=nonsense error="graphdriver plugins are only supported with experimental mode" home-dir=/var/lib/docker`,
      `${time} level=info msg="stopping healthcheck following graceful shutdown" module=libcontainerd`,
      "failed to start daemon: error initializing graphdriver: driver not supported: nonsense",
    ],
    reason: "failed to start daemon: error initializing graphdriver: driver not supported: nonsense",
  },
  {
    title: "dockerd 29.9, another snapshotter",
    log: [
      `${time} level=info msg="stopping containerd healthcheck following graceful shutdown" binary=/usr/local/bin/containerd module=supervisor pid=16`,
      `${time} level=info msg="Daemon shutdown complete" error="failed to start daemon: configured driver \\"nonsense\\" not available: unavailable"`,
      'failed to start daemon: configured driver "nonsense" not available: unavailable',
    ],
    reason: 'failed to start daemon: configured driver "nonsense" not available: unavailable',
  },
  {
    title: "dockerd, an unknown option of the driver",
    log: [
      "failed to start daemon: error initializing graphdriver: overlay2: unknown option nonsense: overlay2",
    ],
    reason:
      "failed to start daemon: error initializing graphdriver: overlay2: unknown option nonsense: overlay2",
  },
  {
    title: "dockerd 20.10 to 29.9, an unknown flag",
    log: ["Status: unknown flag: --nonsense", "See 'dockerd --help'., Code: 125"],
    reason: "unknown flag: --nonsense",
  },
  {
    title: "dockerd 28.5, an unknown flag, with all flags behind it",
    log: [
      "Status: unknown flag: --nonsense",
      "",
      "Usage:  dockerd [OPTIONS]",
      "  -v, --version                               Print version information",
      "                                              and quit",
      ", Code: 125",
    ],
    reason: "unknown flag: --nonsense",
  },
  {
    title: "dockerd, a setting of another type",
    log: [
      "unable to configure the Docker daemon with file /run/larder/daemon.json: json: cannot unmarshal string into Go struct field Config.features of type map[string]bool",
    ],
    reason:
      "unable to configure the Docker daemon with file /etc/docker/daemon.json: json: cannot unmarshal string into Go struct field Config.features of type map[string]bool",
  },
  {
    title: "dockerd, without a containerd",
    log: [
      `${time} level=info msg="Starting up"`,
      'failed to start containerd: exec: "containerd": executable file not found in $PATH',
    ],
    reason: 'failed to start containerd: exec: "containerd": executable file not found in $PATH',
  },
  {
    title: "dockerd, a containerd that does not run",
    log: [
      `${time} level=info msg="containerd not running, starting managed containerd"`,
      `${time} level=info msg="started new containerd process" address=/var/run/docker/containerd/containerd.sock module=libcontainerd pid=16`,
      "containerd: error while loading shared libraries: libseccomp.so.2: cannot open shared object file",
      `${time} level=error msg="containerd did not exit successfully" error="exit status 127" module=libcontainerd`,
      'failed to start daemon: failed to dial "/var/run/docker/containerd/containerd.sock": context deadline exceeded: connection error',
    ],
    reason:
      "containerd: error while loading shared libraries: libseccomp.so.2: cannot open shared object file: containerd did not exit successfully: exit status 127",
  },
  {
    title: "dockerd 28.5, without iptables",
    log: [
      `${time} level=warning msg="failed to find iptables" error="exec: \\"iptables\\": executable file not found in $PATH"`,
      `${time} level=info msg="stopping event stream following graceful shutdown" error="context canceled" module=libcontainerd namespace=plugins.moby`,
      'failed to start daemon: Error initializing network controller: error obtaining controller instance: failed to register "bridge" driver: failed to create NAT chain DOCKER: iptables not found',
    ],
    reason:
      'failed to start daemon: Error initializing network controller: error obtaining controller instance: failed to register "bridge" driver: failed to create NAT chain DOCKER: iptables not found',
  },
  {
    title: "dockerd 28.5, a full disk",
    log: [
      "failed to start daemon: error while opening volume store metadata database (/var/lib/docker/volumes/metadata.db): write /var/lib/docker/volumes/metadata.db: no space left on device",
    ],
    reason:
      "failed to start daemon: error while opening volume store metadata database (/var/lib/docker/volumes/metadata.db): write /var/lib/docker/volumes/metadata.db: no space left on device",
  },
  {
    title: "dockerd 26.1, a full disk, which only its containerd tells of",
    log: [
      `${time} level=warning msg="failed to load plugin io.containerd.metadata.v1.bolt" error="write /var/lib/docker/containerd/daemon/io.containerd.metadata.v1.bolt/meta.db: no space left on device"`,
      `${time} level=info msg="containerd successfully booted in 0.021057s"`,
      'failed to start daemon: failed to dial "/var/run/docker/containerd/containerd.sock": unknown service containerd.services.namespaces.v1.Namespaces: not implemented',
    ],
    reason:
      "failed to load plugin io.containerd.metadata.v1.bolt: write /var/lib/docker/containerd/daemon/io.containerd.metadata.v1.bolt/meta.db: no space left on device",
  },
  {
    title: "dockerd of early days, a fatal line",
    log: [
      `${time} level=fatal msg="Error starting daemon: error initializing graphdriver: \\"overlay2\\" is not supported"`,
      "exit",
    ],
    reason: 'Error starting daemon: error initializing graphdriver: "overlay2" is not supported',
  },
  {
    title: "containerd 1.6, no TOML",
    log: ["containerd: failed to load TOML: /c: (2, 1): unterminated array"],
    reason: "containerd: failed to load TOML: /c: (2, 1): unterminated array",
  },
  {
    title: "containerd 1.6, an unknown flag",
    log: ["Incorrect Usage. flag provided but not defined: -nonsense", "", "NAME:", "   containerd - "],
    reason: "Incorrect Usage. flag provided but not defined: -nonsense",
  },
  {
    title: "containerd 2.1, a configuration of a later version",
    log: [
      "containerd: failed to load TOML from /c: expected containerd config version equal to or less than `3`, got `9`",
    ],
    reason:
      "containerd: failed to load TOML from /c: expected containerd config version equal to or less than `3`, got `9`",
  },
  {
    title: "containerd 2.1, a root that cannot be made",
    log: ["containerd: mkdir /proc/x: no such file or directory"],
    reason: "containerd: mkdir /proc/x: no such file or directory",
  },
  {
    title: "containerd 1.6, a broken database",
    log: [
      `${time} level=warning msg="failed to load plugin io.containerd.snapshotter.v1.devmapper" error="devmapper not configured"`,
      `${time} level=warning msg="failed to load plugin io.containerd.metadata.v1.bolt" error="invalid database"`,
      `${time} level=warning msg="failed to load plugin io.containerd.grpc.v1.leases" error="invalid database"`,
    ],
    reason: "failed to load plugin io.containerd.metadata.v1.bolt: invalid database",
  },
  {
    title: "containerd 2.1, a broken database",
    log: [
      `${time} level=warning msg="failed to load plugin" error="invalid database" id=io.containerd.metadata.v1.bolt type=io.containerd.metadata.v1`,
      `${time} level=warning msg="failed to load plugin" error="invalid database" id=io.containerd.grpc.v1.leases type=io.containerd.grpc.v1`,
    ],
    reason: "failed to load plugin: invalid database",
  },
  {
    title: "a program that Go ends",
    log: [
      `${time} level=info msg="API listen on /run/larder/docker.sock"`,
      "panic: runtime error: invalid memory address or nil pointer dereference",
      "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x0]",
      "goroutine 1 [running]:",
    ],
    reason: "panic: runtime error: invalid memory address or nil pointer dereference",
  },
  {
    title: "a program that is not there",
    log: ["chroot: failed to run command '/usr/bin/dockerd': No such file or directory"],
    reason: "chroot: failed to run command '/usr/bin/dockerd': No such file or directory",
  },
  { title: "words of another form: the last of them", log: ["one", "two", ""], reason: "two" },
  {
    title: "nothing of a fault",
    log: [`${time} level=info msg="API listen on /run/larder/docker.sock"`],
    reason: undefined,
  },
  { title: "nothing at all", log: [], reason: undefined },
];

describe("daemonReason", () => {
  for (const { title, log, reason } of cases) {
    it(title, () => assert.equal(daemonReason(log), reason));
  }

  it("is short, whatever was said", () => {
    const [reason = ""] = [daemonReason([`containerd: ${"x".repeat(10_000)}`])];
    assert.ok(reason.length <= 500);
  });
});
