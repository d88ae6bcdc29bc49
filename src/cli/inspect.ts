import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import { exit, printJson, runCommand } from "./command.js";
import { prefixList } from "./images/open.js";
import { formatPage } from "./page/page.js";
import { type ReadArguments, readOptions, withReadOptions } from "./read-options.js";
import { reportJson } from "./report/json.js";
import { readSystemImages } from "./report/read.js";
import { formatReport } from "./report/text.js";

interface InspectArguments extends ReadArguments {
  readonly html?: string;
}

export function inspectCommand(): Command {
  const command = new Command("inspect")
    .description("Shows which images a system image holds, in which layers, and what they take.")
    .argument("<image...>", "a path, an image of the engine, or a reference in a registry")
    .option("--html <file>", "write a page with a picture of the layers")
    .addHelpText("after", `\nA prefix says where an image is: ${prefixList}`);
  return withReadOptions(command).action((names: string[], options: InspectArguments) =>
    runCommand(async (progress) => {
      const images = await readSystemImages(names, readOptions(options, progress), progress);
      progress.end();
      if (options.html !== undefined) await writeFile(options.html, formatPage(images));
      if (options.json) printJson(reportJson(images));
      else process.stdout.write(formatReport(images));
      return exit.fine;
    }),
  );
}
