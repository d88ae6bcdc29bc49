/** Bundles the frontend and the agent into dist/, and puts the Node there that they run on. */
import { cpSync, rmSync } from "node:fs";
import { build } from "esbuild";

rmSync("dist", { recursive: true, force: true });
const options = {
  outdir: "dist",
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  minifySyntax: true,
  // CommonJS dependencies call require for Node's own modules.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
  logLevel: "warning",
};
// The frontend starts with every build: it is small, and what it needs for PRELOAD alone is loaded when it meets one.
await build({
  ...options,
  outdir: "dist/frontend",
  entryPoints: { frontend: "src/main.ts" },
  minify: true,
  splitting: true,
});
await build({ ...options, entryPoints: { agent: "src/agent/main.ts" } });
cpSync("src/attach", "dist/attach", { recursive: true, filter: (path) => !path.endsWith(".ts") });
// The official program starts in two thirds of the time that a distribution's takes, which links many libraries.
cpSync(`node_modules/node-linux-${process.arch}/bin/node`, "dist/node", { preserveTimestamps: true });
