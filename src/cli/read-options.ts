/** Options of the commands that only read. */
import type { Command } from "commander";
import { type CommonOptions, openOptions, withCommonOptions } from "./command.js";
import type { Progress } from "./output/progress.js";
import type { ReadOptions } from "./report/read.js";

export interface ReadArguments extends CommonOptions {
  readonly catalog?: boolean;
}

export function withReadOptions(command: Command): Command {
  return withCommonOptions(
    command.option("--catalog", "of an image in a registry, pull the layer of the catalog, and no other one"),
  );
}

export function readOptions(options: ReadArguments, progress: Progress): ReadOptions {
  return { ...openOptions(options, progress), catalog: options.catalog ?? false };
}
