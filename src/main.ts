import { readSource } from "./dockerfile/read.js";
import { LarderError } from "./error.js";
import { openBridge } from "./gateway/bridge.js";
import { withExcerpt } from "./gateway/details.js";
import { readOptions } from "./gateway/options.js";
import { build } from "./preload/build.js";

const bridge = openBridge();
const options = readOptions(process.env);
let source: Awaited<ReturnType<typeof readSource>> | undefined;
try {
  source = await readSource(bridge, options);
  await bridge.return({ result: await build(bridge, options, source) });
} catch (thrown) {
  const error = source ? withExcerpt(LarderError.from(thrown), source) : LarderError.from(thrown);
  const { code, message, details } = error;
  await bridge.return({ error: { code: code || 2, message, details: [...details] } });
}
// At once: a frontend that lingers after its return is taken for one that broke off.
process.exit(0);
