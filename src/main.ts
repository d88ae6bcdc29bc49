import { readSource, type Source } from "./dockerfile/read.js";
import { originalRequest, solveStock } from "./dockerfile/stock-frontend.js";
import { LarderError } from "./error.js";
import { openBridge } from "./gateway/bridge.js";
import { withExcerpt } from "./gateway/details.js";
import { readOptions } from "./gateway/options.js";

const bridge = openBridge();
const options = readOptions(process.env);
let source: Source | undefined;
try {
  source = await readSource(bridge, options);
  await bridge.return({ result: await build(source) });
} catch (thrown) {
  const error = source ? withExcerpt(LarderError.from(thrown), source) : LarderError.from(thrown);
  const { code, message, details } = error;
  await bridge.return({ error: { code: code || 2, message, details: [...details] } });
}
// At once: a frontend that lingers after its return is taken for one that broke off.
process.exit(0);

/** Where the word is not in the file, the time to load all that deals with PRELOAD is saved. */
async function build(source: Source) {
  if (!/preload/i.test(source.text)) return solveStock(bridge, originalRequest(options, source));
  const preload = await import("./preload/build.js");
  return preload.build(bridge, options, source);
}
