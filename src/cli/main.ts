#!/usr/bin/env node
/** The command `larder`. Each command has a file of its own. */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { exit } from "./command.js";
import { commitCommand } from "./commit.js";
import { diffCommand } from "./diff.js";
import { doctorCommand } from "./doctor.js";
import { inspectCommand } from "./inspect.js";
import { verifyCommand } from "./verify.js";

// The bundle in dist/cli is as far from the file as the source is.
const packageFile = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};

const program = new Command("larder")
  .description("Makes system images, images that have other images inside, and looks into them.")
  .version(packageFile.version)
  .configureHelp({ showGlobalOptions: true })
  .addCommand(inspectCommand())
  .addCommand(diffCommand())
  .addCommand(verifyCommand())
  .addCommand(commitCommand())
  .addCommand(doctorCommand());

for (const command of [program, ...program.commands])
  command.exitOverride().showHelpAfterError("(--help says more)");

// A reader such as head may end before the output does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Commander has printed the help or the error.
  process.exitCode = error.exitCode === 0 || error.code === "commander.help" ? exit.fine : exit.usage;
}
