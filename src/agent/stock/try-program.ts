import { open } from "node:fs/promises";
import { LarderError } from "../../error.js";
import { run } from "../../files/tool.js";
import { resolveInStage } from "../stage-path.js";

/**
 * Runs a program of the stage that only prints something.
 * @param program absolute in the stage.
 * @returns the output.
 * @throws LarderError with the reason why it does not run on this machine.
 */
export async function tryProgram(stage: string, program: string, flag: string): Promise<string> {
  try {
    return (await run("chroot", [stage, program, flag])).toString("utf8");
  } catch (cause) {
    const machine = await machineOf(stage, program);
    const message = (cause as Error).message.trim().replaceAll(/\s*\n\s*/g, ": ");
    const why =
      machine === undefined || machine === ownMachine
        ? `cannot be run (${message}): ${wayOut(message)}`
        : `is for linux/${machine}, which this builder cannot emulate: let it (docker run --privileged --rm ` +
          `tonistiigi/binfmt --install ${machine}), or build on a builder of that platform`;
    throw new LarderError(`the stage's container manager ${program} ${why}`, { cause });
  }
}

/** The missing file may also be the loader of the program's libraries. */
function wayOut(message: string): string {
  return /shared librar|symbol lookup|version `|No such file/.test(message)
    ? "it lacks files that it needs: mend it in the base image, or above PRELOAD"
    : "install one for the builder's platform";
}

/** Values of e_machine (elf.h), with Go's names for them. */
const machines: Readonly<Record<number, string>> = {
  3: "386",
  21: "ppc64le",
  22: "s390x",
  40: "arm",
  62: "amd64",
  183: "arm64",
  243: "riscv64",
  258: "loong64",
};

const ownMachine = { x64: "amd64", ia32: "386" }[process.arch as string] ?? process.arch;

const machineOffset = 18;
const dataEncodingOffset = 5;
const littleEndian = 1;

async function machineOf(stage: string, program: string): Promise<string | undefined> {
  const path = await resolveInStage(stage, program);
  if (path === undefined) return undefined;
  const file = await open(stage + path);
  try {
    const { buffer: head } = await file.read(Buffer.alloc(machineOffset + 2), 0, machineOffset + 2, 0);
    if (head.toString("latin1", 0, 4) !== "\x7fELF") return undefined;
    const isLittle = head[dataEncodingOffset] === littleEndian;
    return machines[isLittle ? head.readUInt16LE(machineOffset) : head.readUInt16BE(machineOffset)];
  } finally {
    await file.close();
  }
}
