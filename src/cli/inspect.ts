import { Command } from "commander";
import {
  type CommonOptions,
  exit,
  openOptions,
  printJson,
  runCommand,
  withCommonOptions,
} from "./command.js";
import { closeImages, openImages, prefixList } from "./images/open.js";

export function inspectCommand(): Command {
  const command = new Command("inspect")
    .description("Shows which images a system image holds, in which layers, and what they take.")
    .argument("<image...>", "a path, an image of the engine, or a reference in a registry")
    .addHelpText("after", `\nA prefix says where an image is: ${prefixList}`);
  return withCommonOptions(command).action((names: string[], options: CommonOptions) =>
    runCommand(async (progress) => {
      const images = await openImages(names, openOptions(options, progress));
      await closeImages(images);
      printJson(images);
      return exit.fine;
    }),
  );
}
