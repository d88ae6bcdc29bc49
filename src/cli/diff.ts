import { Command } from "commander";
import { exit, printJson, runCommand } from "./command.js";
import { type ReadArguments, readOptions, withReadOptions } from "./read-options.js";
import { compareImages } from "./report/difference.js";
import { differenceJson } from "./report/difference-json.js";
import { formatDifference } from "./report/difference-text.js";
import { readSystemImages } from "./report/read.js";

export function diffCommand(): Command {
  const command = new Command("diff")
    .description(
      "Shows in which inner images and layers two system images differ, and what an update transfers.",
    )
    .argument("<from>", "the image that hosts have")
    .argument("<to>", "the image that they get");
  return withReadOptions(command).action((from: string, to: string, options: ReadArguments) =>
    runCommand(async (progress) => {
      const [before, after] = await readSystemImages([from, to], readOptions(options, progress), progress);
      if (!before || !after) throw new Error("two images were asked for");
      const difference = compareImages(before, after);
      progress.end();
      if (options.json) printJson(differenceJson(difference));
      else process.stdout.write(formatDifference(difference));
      return exit.fine;
    }),
  );
}
