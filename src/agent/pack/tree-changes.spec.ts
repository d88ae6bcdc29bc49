import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { onlyAsRoot } from "../../testing.js";
import { makeCapable, makeWork, shell } from "./testing.js";
import { findChanges } from "./tree-changes.js";

/** The tree that the steps below change. All its times are in 2001. */
const tree = `
mkdir -p dir/sub empty
echo one >dir/file; echo two >dir/sub/file; echo three >file
echo linked >dir/first; ln dir/first second
ln -s file link
find . -exec touch -h -d '2001-02-03 04:05:06' {} +
`;
const keepTime = "touch -d '2001-02-03 04:05:06'";

describe("changes of a tree", () => {
  let work = "";
  beforeEach(() => {
    work = makeWork();
    shell(`${work}/before`, tree);
    execFileSync("cp", ["-a", `${work}/before`, `${work}/after`]);
  });
  afterEach(() => rmSync(work, { recursive: true }));

  /** Changes as lines: the layer has `+path` and deletes `-path`. */
  const changes = async (before?: string): Promise<string[]> => {
    const found = await findChanges(before, `${work}/after`);
    return found.map(({ kind, path }) => (kind === "deleted" ? "-" : "+") + path);
  };

  const cases: { title: string; step: string; layer: string[] }[] = [
    { title: "none", step: "true", layer: [] },
    {
      title: "a new file, with the directories above it",
      step: "echo >dir/sub/new",
      layer: ["+dir", "+dir/sub", "+dir/sub/new"],
    },
    { title: "a new directory in the root", step: "mkdir new", layer: ["+new"] },
    { title: "a mode", step: "chmod 600 file", layer: ["+file"] },
    { title: "the mode of a directory", step: "chmod 700 empty", layer: ["+empty"] },
    { title: "a time", step: "touch -d '2001-02-03 04:05:07' file", layer: ["+file"] },
    { title: "not the time of a directory", step: "touch empty", layer: [] },
    {
      title: "contents of the same size and time",
      step: `echo THREE >file; ${keepTime} file`,
      layer: ["+file"],
    },
    { title: "not a file that was written again", step: `cp -a file x; rm file; mv x file`, layer: [] },
    {
      title: "the target of a link, of the same time",
      step: `ln -sf filE link; touch -h -d '2001-02-03 04:05:06' link`,
      layer: ["+link"],
    },
    { title: "a deleted file", step: "rm dir/sub/file", layer: ["+dir", "+dir/sub", "-dir/sub/file"] },
    { title: "a deleted directory, once", step: "rm -r dir", layer: ["-dir"] },
    {
      title: "a directory that was made again",
      step: "rm -r dir; mkdir dir; echo >dir/new",
      layer: ["+dir", "-dir/file", "-dir/first", "+dir/new", "-dir/sub"],
    },
    { title: "a file in place of a directory", step: "rm -r dir; echo >dir", layer: ["+dir"] },
    {
      title: "a directory in place of a file",
      step: "rm file; mkdir file; echo >file/new",
      layer: ["+file", "+file/new"],
    },
    { title: "a link in place of a directory", step: "rm -r dir; ln -s empty dir", layer: ["+dir"] },
    { title: "a directory in place of a link", step: "rm link; mkdir link", layer: ["+link"] },
    {
      title: "a further name of a file: all names",
      step: "ln second third",
      layer: ["+dir", "+dir/first", "+second", "+third"],
    },
    { title: "a second name of a file", step: "ln file another", layer: ["+another", "+file"] },
    { title: "one name less", step: "rm second", layer: ["-second"] },
    { title: "one of two names replaced", step: "rm second; echo >second", layer: ["+second"] },
    {
      title: "a directory before the names that begin like it",
      step: "echo >dir/sub/new; echo >dir.d; echo >dir-",
      layer: ["+dir", "+dir/sub", "+dir/sub/new", "+dir-", "+dir.d"],
    },
    { title: "a fifo", step: "mkfifo fifo", layer: ["+fifo"] },
  ];
  for (const { title, step, layer } of cases) {
    it(title, async () => {
      shell(`${work}/after`, step);
      assert.deepEqual(await changes(`${work}/before`), layer);
    });
  }

  it("all files, if there were none before", async () => {
    shell(`${work}/after`, "rm -r dir");
    assert.deepEqual(await changes(), ["+empty", "+file", "+link", "+second"]);
  });

  it("none if inodes are shared, as in snapshots, except for replaced files", async () => {
    rmSync(`${work}/after`, { recursive: true });
    execFileSync("cp", ["-al", `${work}/before`, `${work}/after`]);
    assert.deepEqual(await changes(`${work}/before`), []);
    shell(`${work}/after`, `echo THREE >new; ${keepTime} new; mv new file`);
    assert.deepEqual(await changes(`${work}/before`), ["+file"]);
  });

  it("an owner and a device", async function () {
    onlyAsRoot(this);
    shell(`${work}/before`, "mknod null c 1 3; touch -d @0 null");
    shell(`${work}/after`, "mknod null c 1 5; touch -d @0 null; chown 1:2 dir/sub; mknod gone c 0 0");
    assert.deepEqual(await changes(`${work}/before`), ["+dir", "+dir/sub", "+null"]);
  });

  it("a capability alone", async function () {
    onlyAsRoot(this);
    const other = Buffer.from("0100000200200000000000000000000000000000", "hex");
    for (const side of ["before", "after"]) makeCapable(`${work}/${side}`, "same");
    makeCapable(`${work}/before`, "capable", other);
    makeCapable(`${work}/after`, "capable");
    assert.deepEqual(await changes(`${work}/before`), ["+capable"]);
  });

  it("not a socket, but the deletion of the file that it replaced", async () => {
    shell(
      `${work}/after`,
      'rm file; node -e \'require("net").createServer().listen("file", () => process.exit())\'',
    );
    assert.deepEqual(await changes(`${work}/before`), ["-file"]);
    assert.deepEqual(await findChanges(`${work}/after`, `${work}/after`), []);
  });
});
