import { setImmediate } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import { parseReference, type Reference } from "../image/reference.js";
import { exit, printJson, runCommand } from "./command.js";
import { type ManagerName, managerNames } from "./commit/inner/find-manager.js";
import { type CommitRequest, type CommitResult, commit } from "./commit/run-commit.js";
import { onInterrupt } from "./images/interrupt.js";
import type { Progress } from "./output/progress.js";
import { usageError } from "./usage-error.js";

interface Options {
  readonly only?: readonly string[];
  readonly except?: readonly string[];
  readonly change?: readonly string[];
  readonly message?: string;
  readonly author?: string;
  readonly pause: boolean;
  readonly push?: boolean;
  readonly output?: readonly string[];
  readonly daemon?: string;
  readonly frontend: string;
  readonly json?: boolean;
}

/** The repository of the frontend in all examples. */
const defaultFrontend = "larder/dockerfile:1";

export function commitCommand(): Command {
  return new Command("commit")
    .description("Makes a system image of a running container: its files, and its inner images on the shelf.")
    .argument("<container>", "name or ID of a container with Docker or containerd inside")
    .argument("<image>", "the name of the new image")
    .option("--only <images>", "take these inner images only: redis:7,postgres:17", several)
    .option("--except <images>", "take all inner images but these", several)
    .option(
      "-c, --change <instruction>",
      "apply an instruction of a Dockerfile, as docker commit does",
      append,
    )
    .option("-m, --message <text>", "a message for the image's history")
    .option("-a, --author <text>", "the author of the image")
    .option("-p, --pause [true|false]", "pause the container while its files are committed", isTrue, true)
    .option("--no-pause", "do not pause it")
    .option("--push", "push the image to its registry")
    .option("-o, --output <output>", "put the image elsewhere, as docker buildx build does", append)
    .option("--daemon <name>", "docker or containerd, if both run in the container")
    .option(
      "--frontend <image>",
      "Larder's frontend (variable LARDER_FRONTEND)",
      process.env.LARDER_FRONTEND || defaultFrontend,
    )
    .option("--json", "print the result as JSON")
    .action((container: string, image: string, options: Options) =>
      runCommand(async (progress) => {
        const request = requestOf(container, image, options);
        const result = await commitUnlessInterrupted(request, progress);
        progress.end();
        if (options.json) printJson(result);
        else process.stdout.write(`${result.id ?? result.image}\n`);
        return exit.fine;
      }),
    );
}

function requestOf(container: string, image: string, options: Options): CommitRequest {
  const { only = [], except = [], change = [], output = [] } = options;
  const { message, author, pause, push = false, frontend } = options;
  return {
    container,
    image: parseImage(image),
    only,
    except,
    changes: change,
    ...(message !== undefined && { message }),
    ...(author !== undefined && { author }),
    pauses: pause,
    pushes: push,
    outputs: output,
    manager: parseManager(options.daemon),
    frontend,
  };
}

function parseImage(text: string): Reference {
  try {
    const reference = parseReference(text);
    if (reference.digest === undefined) return reference;
  } catch (error) {
    throw usageError(`image "${text}": ${(error as Error).message}`);
  }
  throw usageError(`image "${text}": a new image has no digest yet; leave it out`);
}

function parseManager(name: string | undefined): ManagerName | undefined {
  const found = managerNames.find((one) => one === name);
  if (name === undefined || found !== undefined) return found;
  throw usageError(`--daemon=${name}: it is ${managerNames.join(" or ")}`);
}

function several(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, ...text.split(",").filter(Boolean)];
}

function append(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, text];
}

function isTrue(text: string): boolean {
  if (/^(true|1|t)$/i.test(text)) return true;
  if (/^(false|0|f)$/i.test(text)) return false;
  throw new InvalidArgumentError("It is true or false.");
}

/** An interrupt waits until nothing is left behind, and the error has been printed. */
async function commitUnlessInterrupted(request: CommitRequest, progress: Progress): Promise<CommitResult> {
  const controller = new AbortController();
  const committed = commit(request, progress, controller.signal);
  const forget = onInterrupt(async () => {
    controller.abort();
    await committed.catch(() => {});
    await setImmediate();
  });
  return committed.finally(forget);
}
