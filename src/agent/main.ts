import { readFile } from "node:fs/promises";
import { LarderError } from "../error.js";
import { archive } from "./archive.js";
import { writeCatalog } from "./catalog/catalog.js";
import { fetchImage } from "./fetch/fetch.js";
import { type Job, jobFile, mount, reportingMount } from "./job.js";
import { pack } from "./pack/pack.js";
import { place } from "./place.js";
import { reportError } from "./report.js";
import { shelve } from "./shelve.js";
import { stock } from "./stock/stock.js";
import { unpack } from "./unpack/unpack.js";

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

function runJob(job: Job): Promise<void> {
  switch (job.kind) {
    case "fetch":
      return fetchImage(job);
    case "pack":
      return pack(job);
    case "unpack":
      return unpack(job);
    case "catalog":
      return writeCatalog(job);
    case "stock":
      return stock(job);
    case "shelve":
      return shelve(job);
    case "place":
      return place();
    case "archive":
      return archive(job);
  }
}

await main();
