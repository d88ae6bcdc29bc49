/** Serves the files of a folder: `web-server.ts FOLDER`. Prints its port. */
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { join, normalize } from "node:path";

const folder = process.argv[2] ?? ".";

const server = createServer((asked, answer) => {
  const file = createReadStream(join(folder, normalize(`/${asked.url}`)));
  file.on("error", () => answer.writeHead(404).end());
  file.pipe(answer);
});

server.listen(0, () => {
  const address = server.address();
  console.log(typeof address === "object" ? address?.port : address);
});
