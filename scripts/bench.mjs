// Bundles bench/ (TypeScript, WGSL as text) and runs it: node scripts/bench.mjs [op …] [--adapter NAME] [--out FILE]
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const outfile = join(".cache", "bench", "main.mjs");
await build({
  entryPoints: ["bench/main.ts"],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  loader: { ".wgsl": "text" },
  packages: "external",
  logLevel: "error",
});
const { main } = await import(pathToFileURL(outfile).href);
process.exit(await main(process.argv.slice(2)));
