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
import type { Progress } from "./output/progress.js";
import { ownPrograms } from "./programs.js";
import {
  checkIsSystemImage,
  type VerifiedImage,
  verificationJson,
  verifyOuterImage,
} from "./verify-image.js";
import { formatVerification } from "./verify-text.js";

interface VerifyArguments extends CommonOptions {
  readonly strict?: boolean;
}

export function verifyCommand(): Command {
  const command = new Command("verify")
    .description(
      "Checks each inner layer against its digest, and all that a system image says of its images.",
    )
    .argument("<image...>", "a path, an image of the engine, or a reference in a registry")
    .option("--strict", "fail for notes, too: for what cannot be proven, and for programs of another Larder")
    .addHelpText("after", `\nA prefix says where an image is: ${prefixList}`);
  return withCommonOptions(command).action((names: string[], options: VerifyArguments) =>
    runCommand(async (progress) => {
      const images = await verifyAll(names, options, progress);
      progress.end();
      if (options.json) printJson({ images: images.map(verificationJson) });
      else process.stdout.write(images.map(formatVerification).join("\n"));
      const counted = images.map(({ verification: { faults, notes } }) =>
        options.strict ? faults.length + notes.length : faults.length,
      );
      return counted.some((faults) => faults > 0) ? exit.fault : exit.fine;
    }),
  );
}

async function verifyAll(
  names: readonly string[],
  options: CommonOptions,
  progress: Progress,
): Promise<VerifiedImage[]> {
  const programs = await ownPrograms();
  const opened = await openImages(names, openOptions(options, progress));
  try {
    for (const image of opened) checkIsSystemImage(image);
    const verified: VerifiedImage[] = [];
    for (const image of opened) verified.push(await verifyOuterImage(image, programs, progress));
    return verified;
  } finally {
    await closeImages(opened);
  }
}
