import { readFile } from "node:fs/promises";
import { LarderError } from "../error.js";
import { type Job, jobFile, mount, reportingMount } from "./job.js";
import { reportError } from "./report.js";

/**
 * The program of Larder's build steps. On failure it exits with code 1, and writes a sentence to stderr and into the
 * error report.
 */
async function main(): Promise<void> {
  const [, , argument] = process.argv;
  const text = argument ?? (await readFile(`${mount.job}/${jobFile}`, "utf8"));
  const job = JSON.parse(text) as Job;
  try {
    await runJob(job);
  } catch (thrown) {
    await reportError(reportingMount[job.kind], LarderError.from(thrown));
    process.exitCode = 1;
  }
}

/** Loads what the job needs and no more: there is a step for each inner layer, and most of them are small. */
async function runJob(job: Job): Promise<void> {
  switch (job.kind) {
    case "fetch":
      return (await import("./fetch/fetch.js")).fetchImage(job);
    case "pack":
      return (await import("./pack/pack.js")).pack(job);
    case "unpack":
      return (await import("./unpack/unpack.js")).unpack(job);
    case "catalog":
      return (await import("./catalog/catalog.js")).writeCatalog(job);
    case "stock":
      return (await import("./stock/stock.js")).stock(job);
    case "shelve":
      return (await import("./shelve.js")).shelve(job);
    case "place":
      return (await import("./place.js")).place();
    case "archive":
      return (await import("./archive.js")).archive(job);
  }
}

await main();
