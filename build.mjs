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
// `larder verify` compares the programs of an image with these.
rmSync("dist/attach", { recursive: true, force: true });
cpSync("src/attach", "dist/attach", { recursive: true, filter: (path) => !path.endsWith(".ts") });
if (process.argv[2] === "cli") process.exit();

for (const path of ["frontend", "agent", "node"]) rmSync(`dist/${path}`, { recursive: true, force: true });
const options = {
  outExtension: { ".js": ".mjs" },
  bundle: true,
  minify: true,
  splitting: true,
  platform: "node",
  format: "esm",
  target: "node20",
  // CommonJS dependencies call require for Node's own modules.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
  logLevel: "warning",
};
// The frontend starts with every build, and the agent with every step: they load what they need when they need it.
await build({ ...options, outdir: "dist/frontend", entryPoints: { frontend: "src/main.ts" } });
await build({ ...options, outdir: "dist/agent", entryPoints: { agent: "src/agent/main.ts" } });
// The official program starts in two thirds of the time that a distribution's takes, which links many libraries.
cpSync(`node_modules/node-linux-${process.arch}/bin/node`, "dist/node", { preserveTimestamps: true });
