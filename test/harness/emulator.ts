import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { skip } from "../../src/testing.js";
import { atEnd } from "./cleanup.js";

/** The first bytes of a program for 64-bit ARM and the mask for them, as the kernel's binfmt_misc needs them. */
const magic = String.raw`\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00`;
const mask = String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`;
const name = "larder-test-arm64";

/** The entry exists until the program's input ends. It goes with the mount; older kernels must be told. */
const register = `
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
cd /proc/sys/fs/binfmt_misc
printf %s "$1" >register
echo registered
cat
echo -1 >${name}`;

/** Lets the kernel run arm64 programs while this test file runs, or skips the test. */
export async function emulateArm64(test: Mocha.Context): Promise<void> {
  const emulator = process.env.LARDER_LAB_EMULATOR ?? "";
  if (!existsSync(emulator)) skip(test, "the lab has no image for arm64 and no emulator: lab:up says why");
  const entry = `:${name}:M::${magic}:${mask}:${emulator}:FPOC`;
  const keeper = spawn("unshare", ["--mount", "sh", "-euc", register, "sh", entry], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exit = once(keeper, "exit");
  atEnd(async () => {
    keeper.stdin.end();
    await exit;
  });
  const said = await Promise.race([once(createInterface({ input: keeper.stdout }), "line"), exit]);
  if (said[0] !== "registered") skip(test, "this kernel registers no emulator (binfmt_misc)");
}
