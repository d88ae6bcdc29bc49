/**
 * Finds the proxy that skopeo uses, by the rules of Go's httpproxy. They differ from those of Node's libraries:
 * NO_PROXY may contain networks, a domain includes its subdomains, and loopback addresses never have a proxy.
 * @see https://pkg.go.dev/golang.org/x/net/http/httpproxy
 */
import { BlockList, isIP } from "node:net";

export interface Endpoint {
  /** Name or address, without brackets for IPv6. */
  readonly host: string;
  readonly port: number;
}

const defaultPorts: Readonly<Record<string, number>> = { "http:": 80, "https:": 443, "socks5:": 1080 };

/** @param scheme of the request. It selects the variable. @returns undefined for a direct connection. */
export function proxyFor(
  scheme: "http" | "https",
  { host, port }: Endpoint,
  env: NodeJS.ProcessEnv,
): Endpoint | undefined {
  const upper = `${scheme.toUpperCase()}_PROXY`;
  const setting = env[upper] || env[upper.toLowerCase()];
  if (!setting || isLoopbackHost(host) || isExempt(host, port, env.NO_PROXY || env.no_proxy || ""))
    return undefined;
  return parseProxy(setting);
}

function parseProxy(setting: string): Endpoint | undefined {
  // A setting without a scheme means HTTP.
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(setting) ? setting : `http://${setting}`;
  if (!URL.canParse(text)) return undefined;
  const { hostname, port, protocol } = new URL(text);
  const number = port === "" ? defaultPorts[protocol.replace("socks5h", "socks5")] : Number(port);
  return hostname === "" || number === undefined
    ? undefined
    : { host: withoutBrackets(hostname), port: number };
}

function isLoopbackHost(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d+){3}$/.test(host);
}

function isExempt(host: string, port: number, setting: string): boolean {
  const entries = setting.toLowerCase().split(",");
  return entries.some((entry) => matches(entry.trim(), host.toLowerCase(), port));
}

function matches(entry: string, host: string, port: number): boolean {
  if (entry === "") return false;
  if (entry === "*") return true;
  if (entry.includes("/")) return isInNetwork(entry, host);
  const [, name = entry, wanted] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
  if (wanted !== undefined && Number(wanted) !== port) return false;
  const bare = withoutBrackets(name);
  if (isIP(bare)) return bare === host;
  // `.example.com` covers its subdomains alone.
  const domain = bare.replace(/^\*\./, ".");
  if (domain === "" || domain === ".") return false;
  return domain.startsWith(".") ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

function isInNetwork(entry: string, host: string): boolean {
  const [network = "", bits = ""] = entry.split("/");
  const family = isIP(network);
  if (
    family === 0 ||
    isIP(host) !== family ||
    !/^\d+$/.test(bits) ||
    Number(bits) > (family === 4 ? 32 : 128)
  )
    return false;
  const list = new BlockList();
  const type = family === 4 ? "ipv4" : "ipv6";
  list.addSubnet(network, Number(bits), type);
  return list.check(host, type);
}

export function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}
