import { Command } from "commander";
import { exit, printJson, runCommand } from "./command.js";
import { formatDiagnosis } from "./doctor/report.js";

export function doctorCommand(): Command {
  return new Command("doctor")
    .description("Tells whether a container has its inner images, why not, and what to change.")
    .argument("<container>", "a container of the engine, by its name or ID; it may be stopped")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nExit code: 0 if the images show up, 1 if they do not or it cannot be told, 2 for wrong words.",
    )
    .action((name: string, { json = false }: { json?: boolean }) =>
      runCommand(async (progress) => {
        progress.step(`looking at ${name}`);
        // Other commands do without the library for engines.
        const { examine } = await import("./doctor/examine.js");
        const diagnosis = await examine(name);
        progress.end();
        if (json) printJson(diagnosis);
        else process.stdout.write(formatDiagnosis(diagnosis));
        return diagnosis.shows ? exit.fine : exit.fault;
      }),
    );
}
