import { Command } from "commander";
import { exit, printJson, runCommand } from "./command.js";
import { diagnose } from "./doctor/diagnose.js";
import { readInnerFacts } from "./doctor/read-inner.js";
import { readOuterFacts } from "./doctor/read-outer.js";
import { formatDiagnosis } from "./doctor/report.js";
import { connectEngine } from "./images/engine.js";

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
        const engine = await connectEngine();
        progress.step(`looking at ${name}`);
        const outer = await readOuterFacts(engine, name);
        const diagnosis = diagnose(outer, await readInnerFacts(engine, outer));
        progress.end();
        if (json) printJson(diagnosis);
        else process.stdout.write(formatDiagnosis(diagnosis));
        return diagnosis.shows ? exit.fine : exit.fault;
      }),
    );
}
