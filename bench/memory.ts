/** The page cache that containers take which read the same inner image. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { docker } from "../test/harness/docker.js";
import { SystemContainer } from "../test/harness/system-container.js";
import { buildSystems } from "./images.js";
import type { BenchStore } from "./stores.js";

/** So many containers read it. */
export const readers = 3;

const ways = ["larder", "copy"] as const;
export type CachedWay = (typeof ways)[number];

/**
 * @param inner with its bytes in `/data*`.
 * @returns bytes by which the machine's page cache has grown, which was empty before: other work on the machine counts.
 */
export async function measureMemory(
  store: BenchStore,
  inner: string,
): Promise<Readonly<Record<CachedWay, number>>> {
  const systems = await buildSystems(store, inner);
  const bytes = { larder: 0, copy: 0 };
  for (const way of ways) {
    const containers: SystemContainer[] = [];
    try {
      for (let i = 0; i < readers; i++) containers.push(await startSystem(store, way, systems[way]));
      // Only pages that are on the disk are dropped.
      execFileSync("sync");
      writeFileSync("/proc/sys/vm/drop_caches", "3");
      const before = cachedBytes();
      for (const container of containers) {
        await container.exec("sh", "-c", store.run(inner, "sh -c 'cat /data* | wc -c'"));
      }
      bytes[way] = cachedBytes() - before;
    } finally {
      for (const container of containers) await container.remove();
    }
  }
  return bytes;
}

async function startSystem(store: BenchStore, way: CachedWay, system: string): Promise<SystemContainer> {
  const copy = way === "copy" ? `cp -a /seed/. ${store.root} && ` : "";
  const flags = ["--detach", "--privileged", "--network", "none", "--stop-signal", "SIGKILL"];
  const command = ["--entrypoint", "sh", system, "-c", `${copy}exec system-entrypoint sleep infinity`];
  const id = await docker(["run", ...flags, ...command]);
  const container = SystemContainer.named(id.trim(), { daemon: store.daemon });
  await container.ready();
  return container;
}

function cachedBytes(): number {
  const kilobytes = /^Cached:\s+(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1];
  return Number(kilobytes) * 1024;
}
