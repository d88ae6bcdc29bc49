import assert from "node:assert/strict";
import { proxyFor } from "./proxy.js";

describe("proxyFor", () => {
  const all = { HTTPS_PROXY: "http://user:secret@proxy:3128", http_proxy: "other" };
  const proxy = { host: "proxy", port: 3128 };

  it("takes the variable of the scheme, in capitals first", () => {
    const ghcr = { host: "ghcr.io", port: 443 };
    assert.deepEqual(proxyFor("https", ghcr, all), proxy);
    assert.deepEqual(proxyFor("http", ghcr, all), { host: "other", port: 80 });
    assert.deepEqual(proxyFor("https", ghcr, { ...all, https_proxy: "no" }), proxy);
    assert.deepEqual(proxyFor("https", ghcr, { https_proxy: "socks5://[::2]" }), { host: "::2", port: 1080 });
    assert.equal(proxyFor("https", ghcr, { http_proxy: "other" }), undefined);
    assert.equal(proxyFor("https", ghcr, { HTTPS_PROXY: "" }), undefined);
  });

  const direct: [host: string, port: number, noProxy: string, isDirect: boolean][] = [
    ["localhost", 5000, "", true],
    ["127.0.0.1", 5000, "", true],
    ["::1", 5000, "", true],
    ["registry.lan", 443, "*", true],
    ["registry.lan", 443, "a, registry.lan", true],
    ["registry.lan", 443, "LAN", true],
    ["registry.lan", 443, ".lan", true],
    ["registry.lan", 443, "*.lan", true],
    ["lan", 443, ".lan", false],
    ["registry.plan", 443, "lan", false],
    ["registry.lan", 443, "registry.lan:443", true],
    ["registry.lan", 5000, "registry.lan:443", false],
    ["10.1.2.3", 5000, "10.0.0.0/8", true],
    ["11.1.2.3", 5000, "10.0.0.0/8", false],
    ["10.1.2.3", 5000, "10.1.2.3", true],
    ["10.1.2.3", 5000, "10.1.2.3:80", false],
    ["fd00::5", 5000, "fd00::/8", true],
    ["fd00::5", 5000, "[fd00::5]:5000", true],
    ["registry.lan", 443, "10.0.0.0/8,,", false],
    ["registry.lan", 443, "10.0.0.0/99,x/8", false],
  ];
  for (const [host, port, NO_PROXY, isDirect] of direct) {
    it(`${host}:${port} with NO_PROXY=${NO_PROXY}: ${isDirect ? "direct" : "by the proxy"}`, () => {
      assert.deepEqual(proxyFor("https", { host, port }, { ...all, NO_PROXY }), isDirect ? undefined : proxy);
    });
  }
});
