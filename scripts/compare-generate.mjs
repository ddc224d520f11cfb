// node scripts/compare-generate.mjs [OPTION…]: generation in Node, on a page's thread, in a worker, and by transformers.js.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { ensureBuild } from "./setup/build.mjs";
import { root } from "./setup/run.mjs";

ensureBuild();
const outfile = join(root, ".cache", "peers", "compare-generate.mjs");
await build({
  entryPoints: [join(root, "bench", "generate", "main.ts")],
  outfile,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "es2022", // Node 20 has no `using`
  packages: "external",
  tsconfigRaw: {}, // the package's name resolves to dist, as in a project of a reader's own
  logLevel: "warning",
});
await import(pathToFileURL(outfile).href);
