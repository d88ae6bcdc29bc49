import { Command } from "commander";
import {
  type CommonOptions,
  exit,
  openOptions,
  printJson,
  runCommand,
  withCommonOptions,
} from "./command.js";
import { closeImages, openImages } from "./images/open.js";

export function diffCommand(): Command {
  const command = new Command("diff")
    .description(
      "Shows in which inner images and layers two system images differ, and what an update transfers.",
    )
    .argument("<from>", "the image that hosts have")
    .argument("<to>", "the image that they get");
  return withCommonOptions(command).action((from: string, to: string, options: CommonOptions) =>
    runCommand(async (progress) => {
      const images = await openImages([from, to], openOptions(options, progress));
      await closeImages(images);
      printJson(images);
      return exit.fine;
    }),
  );
}
