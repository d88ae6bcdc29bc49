import assert from "node:assert/strict";
import { cacheIdOf, catalogKeyOf, linkIdOf, whiteoutLinkIdOf } from "./ids.js";

describe("ids of overlay2", () => {
  const chainId = `sha256:${"0123456789abcdef".repeat(4)}`;

  it("follow from the chain ID, for ever", () => {
    assert.equal(cacheIdOf(chainId), "0123456789abcdef0123456789abcdef");
    assert.equal(catalogKeyOf(chainId), "0123456789ab");
    assert.equal(linkIdOf(chainId), "UJHXGCGYQ3A44N5ZWD3QF3J5ZZ");
    assert.equal(whiteoutLinkIdOf(chainId), "27QNV67CEX55USFPD7XMC7V36E");
  });

  it("look like the daemon's own links", () => {
    for (const id of [linkIdOf(chainId), whiteoutLinkIdOf(chainId)]) assert.match(id, /^[A-Z2-7]{26}$/);
  });
});
