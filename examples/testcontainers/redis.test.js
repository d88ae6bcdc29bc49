import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { GenericContainer } from "testcontainers";

const image = `${process.env.REGISTRY ?? "docker.io/library"}/redis:latest`;

/** Sends lines of Redis' protocol. @returns the first answer. */
function ask(host, port, lines) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => socket.write(`${lines.join("\r\n")}\r\n`));
    socket.on("error", reject);
    socket.once("data", (answer) => {
      resolve(answer.toString().trimEnd());
      socket.end();
    });
  });
}

test("a Redis for each test", async (t) => {
  for (const name of ["first", "second"]) {
    await t.test(`${name}: it is empty, and keeps a value`, async () => {
      const redis = await new GenericContainer(image).withExposedPorts(6379).start();
      try {
        const place = [redis.getHost(), redis.getMappedPort(6379)];
        assert.equal(await ask(...place, ["EXISTS fruit"]), ":0");
        assert.equal(await ask(...place, ["SET fruit pear"]), "+OK");
        assert.equal(await ask(...place, ["GET fruit"]), "$4\r\npear");
      } finally {
        await redis.stop();
      }
    });
  }
});
