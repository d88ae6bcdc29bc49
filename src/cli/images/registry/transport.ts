import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { type Dispatcher, EnvHttpProxyAgent } from "undici";

/** Registries' certificates, where the Docker engine looks for them. */
const certificatesFolder = "/etc/docker/certs.d";

/**
 * Connections to a registry: through the proxy of HTTPS_PROXY, HTTP_PROXY and NO_PROXY, with the certificates that
 * the engine's administrator gave for it.
 * @param insecure Any certificate will do.
 */
export async function connectRegistry(host: string, insecure: boolean): Promise<Dispatcher> {
  const own = await readCertificates(join(certificatesFolder, host));
  const tls = {
    ...(insecure && { rejectUnauthorized: false }),
    ...(own.length > 0 && { ca: [...rootCertificates, ...own] }),
  };
  return new EnvHttpProxyAgent({ connect: tls, requestTls: tls });
}

async function readCertificates(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => name.endsWith(".crt"));
  return Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
}
