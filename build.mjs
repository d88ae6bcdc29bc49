/**
 * Bundles the frontend and the agent into dist/, and puts the Node there that they run on. The command `larder` is
 * bundled, too; `node build.mjs cli` makes nothing else.
 */
import { chmodSync, cpSync, rmSync } from "node:fs";
import { build } from "esbuild";

// The command runs on its user's own Node, and finds its packages where npm has put them.
rmSync("dist/cli", { recursive: true, force: true });
await build({
  entryPoints: { larder: "src/cli/main.ts" },
  outdir: "dist/cli",
  outExtension: { ".js": ".mjs" },
  bundle: true,
  splitting: true,
  packages: "external",
  platform: "node",
  format: "esm",
  target: "node20.19",
  logLevel: "warning",
});
chmodSync("dist/cli/larder.mjs", 0o755);
if (process.argv[2] === "cli") process.exit();

for (const path of ["frontend", "agent.mjs", "attach", "node"])
  rmSync(`dist/${path}`, { recursive: true, force: true });
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
