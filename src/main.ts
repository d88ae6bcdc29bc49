import { LarderError } from "./error.js";
import { openBridge } from "./gateway/bridge.js";
import { cacheImports, readOptions } from "./gateway/options.js";
import { withExcerpt } from "./upstream/excerpt.js";
import { readDockerfile, type SourceFile } from "./upstream/read-dockerfile.js";
import { originalRequest } from "./upstream/request.js";
import { solveUpstream, tryUpstream } from "./upstream/solve.js";
import { forwardBuild, syntaxOf } from "./upstream/syntax.js";

const options = readOptions(process.env);
const bridge = openBridge({ cacheImports: cacheImports(options) });
let file: SourceFile | undefined;
try {
  file = await readDockerfile(bridge, options);
  await bridge.return({ result: await (file ? build(file) : buildWithoutFile()) });
} catch (thrown) {
  const error = file ? withExcerpt(LarderError.from(thrown), file) : LarderError.from(thrown);
  const { code, message, details } = error;
  await bridge.return({ error: { code: code || 2, message, details: [...details] } });
}
// Exit now: BuildKit reports a frontend that lingers after its return as broken off.
process.exit(0);

async function buildWithoutFile() {
  return solveUpstream(bridge, { options: options.frontend, inputs: await bridge.inputs() });
}

/** Loads the code for PRELOAD only if the file has the word, or builds FROM an image that fires it. */
async function build(file: SourceFile) {
  const syntax = syntaxOf(options, file.text);
  if (syntax) return forwardBuild(bridge, options, file, syntax);
  const mentions = /preload/i.test(file.text);
  const answer = mentions ? undefined : await tryUpstream(bridge, originalRequest(options, file));
  if (answer) return answer;
  const preload = await import("./preload/build.js");
  return preload.build(bridge, options, file, { wasRefused: !mentions });
}
