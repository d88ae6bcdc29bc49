/** What all commands share: their options, and how they end. */
import type { Command } from "commander";
import { LarderError } from "../error.js";
import { readPlatform } from "./images/choose-platform.js";
import type { OpenOptions } from "./images/open-options.js";
import { Progress } from "./output/progress.js";
import { isUsageError } from "./usage-error.js";

/** Exit codes. */
export const exit = { fine: 0, fault: 1, usage: 2 } as const;

export interface CommonOptions {
  readonly json?: boolean;
  readonly platform?: string;
  readonly insecure?: boolean;
}

/** Adds the options that every command has. */
export function withCommonOptions(command: Command): Command {
  return command
    .option("--json", "print the result as JSON")
    .option("--platform <platform>", "of an image that has several: linux/amd64, linux/arm64, ...")
    .option("--insecure", "registries may speak plain HTTP, or have a certificate that nobody signed");
}

/**
 * Runs a command, shows its progress on stderr, and sets the exit code.
 * @param run gives the exit code. It throws an error that names the thing and the way out.
 */
export async function runCommand(run: (progress: Progress) => Promise<number>): Promise<void> {
  const progress = new Progress(process.stderr);
  try {
    process.exitCode = await run(progress);
  } catch (thrown) {
    const error = LarderError.from(thrown);
    progress.end();
    process.stderr.write(`larder: ${error.message}\n`);
    process.exitCode = isUsageError(error) ? exit.usage : exit.fault;
  } finally {
    progress.end();
  }
}

export function openOptions({ platform, insecure = false }: CommonOptions, progress: Progress): OpenOptions {
  return {
    insecure,
    note: (text) => progress.note(text),
    ...(platform !== undefined && { platform: readPlatform(platform) }),
  };
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}
