import assert from "node:assert/strict";
import { withSetting } from "./init-script.js";

describe("the setting for Docker's init script", () => {
  const shim = "/usr/local/sbin/dockerd";
  const added = `# Larder: attaches the images of PRELOAD, then is the daemon\nDOCKERD=${shim}\n`;
  const cases: [name: string, text: string, expected: string][] = [
    ["stands alone where there are no settings", "", added],
    ["comes behind the others, and so counts", "DOCKERD=/opt/dockerd\n", `DOCKERD=/opt/dockerd\n${added}`],
    ["begins a line", "DOCKER_OPTS=-D", `DOCKER_OPTS=-D\n${added}`],
    ["is there once", `# x\n${added}`, `# x\n${added}`],
  ];
  for (const [name, text, expected] of cases) {
    it(name, () => assert.equal(withSetting(text, shim), expected));
  }
});
