/** The part of the registry's API that reads, with the logins of the user (OCI distribution spec, Docker's tokens). */
import { type Dispatcher, fetch, type Response } from "undici";
import { LarderError } from "../../../error.js";
import { isLoopback, type Reference } from "../../../image/reference.js";
import { authorize, parseChallenge } from "./authorize.js";
import { findCredentials } from "./credentials.js";
import { connectRegistry } from "./transport.js";

export interface RegistryOptions {
  /** The registry may speak plain HTTP, or have a certificate that nobody signed. */
  readonly insecure: boolean;
}

const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** One repository of a registry. */
export class Registry {
  readonly #reference: Reference;
  readonly #host: string;
  readonly #insecure: boolean;
  #connection: Promise<Dispatcher> | undefined;
  #scheme: Promise<"https" | "http"> | undefined;
  #authorization: string | undefined;

  constructor(reference: Reference, { insecure }: RegistryOptions) {
    this.#reference = reference;
    this.#host = reference.domain === "docker.io" ? "registry-1.docker.io" : reference.domain;
    this.#insecure = insecure;
  }

  /** @param name tag or digest. */
  async manifest(name: string): Promise<Buffer> {
    const response = await this.#get(`manifests/${name}`, { accept: manifestTypes });
    return Buffer.from(await response.arrayBuffer());
  }

  /** The bytes as they come; nobody has checked them. */
  async blob(digest: string): Promise<Response> {
    return this.#get(`blobs/${digest}`, {});
  }

  async close(): Promise<void> {
    await (await this.#connection)?.destroy();
  }

  async #get(path: string, headers: Readonly<Record<string, string>>): Promise<Response> {
    this.#scheme ??= this.#findScheme();
    const url = `${await this.#scheme}://${this.#host}/v2/${this.#reference.path}/${path}`;
    const first = await this.#fetch(url, headers);
    const response = first.status === 401 ? await this.#login(first, url, headers) : first;
    if (response.ok) return response;
    throw await refusal(response, `${this.#host}/${this.#reference.path}`);
  }

  async #login(refused: Response, url: string, headers: Readonly<Record<string, string>>): Promise<Response> {
    await refused.body?.cancel();
    const challenge = parseChallenge(refused.headers.get("www-authenticate") ?? "");
    const credentials = await findCredentials(this.#reference.domain);
    const ask = (address: string, init: Parameters<typeof fetch>[1]) => this.#request(address, init);
    this.#authorization = await authorize(challenge, credentials, ask);
    return this.#fetch(url, headers);
  }

  #fetch(url: string, headers: Readonly<Record<string, string>>): Promise<Response> {
    const authorization = this.#authorization;
    // A redirect to another host, where many registries keep blobs, is followed without the authorization.
    return this.#request(url, { headers: { ...headers, ...(authorization && { authorization }) } });
  }

  async #request(url: string, init: Parameters<typeof fetch>[1]): Promise<Response> {
    this.#connection ??= connectRegistry(this.#host, this.#insecure);
    const dispatcher = await this.#connection;
    return fetch(url, { ...init, dispatcher }).catch((error: Error) => {
      throw connectionError(error, this.#host);
    });
  }

  /** A registry on this machine or one that the user calls insecure may speak plain HTTP. */
  async #findScheme(): Promise<"https" | "http"> {
    if (!this.#insecure && !isLoopback(this.#reference)) return "https";
    const answers = this.#request(`https://${this.#host}/v2/`, {}).then(
      async (response) => {
        await response.body?.cancel();
        return true;
      },
      () => false,
    );
    return (await answers) ? "https" : "http";
  }
}

function connectionError(error: Error, host: string): LarderError {
  const reason = error.cause instanceof Error ? error.cause : error;
  const code = (reason as NodeJS.ErrnoException).code;
  const words =
    code === "ERR_SSL_WRONG_VERSION_NUMBER" ? "it speaks no TLS" : reason.message || code || "no answer";
  const isTls = /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_VERIFY/i.test(`${code} ${words}`);
  const way = isTls
    ? `put its certificate into /etc/docker/certs.d/${host}/ca.crt, or say --insecure`
    : "look at its name, the network and HTTPS_PROXY";
  return new LarderError(`the registry ${host} cannot be reached: ${words.split("\n")[0]}; ${way}`, {
    cause: error,
  });
}

async function refusal(response: Response, repository: string): Promise<LarderError> {
  const text = await response.text();
  const words = errorsOf(text) ?? response.statusText;
  const denied = response.status === 401 || response.status === 403;
  const way = denied ? "; docker login may help" : "";
  return new LarderError(`${repository}: the registry answers ${response.status}: ${words}${way}`);
}

function errorsOf(text: string): string | undefined {
  try {
    const { errors = [] } = JSON.parse(text) as { errors?: { message?: string; code?: string }[] };
    return errors.map(({ message, code }) => message || code).join(", ") || undefined;
  } catch {
    return undefined;
  }
}
