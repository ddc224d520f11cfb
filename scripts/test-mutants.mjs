// Introduces mistakes into the kernels, one at a time, and checks that the tests detect them: see test/mutants/main.ts.
//   node scripts/test-mutants.mjs [--area core,attention,laboratory,mixture] [--only TEXT,TEXT] [--again] [--left] [--list]
//     [--tests TEXT] [--jobs N] [--minutes N] [--verbose] [--seed N]
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const outfile = ".cache/mutants/main.mjs";
await build({
  entryPoints: ["test/mutants/main.ts"],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "es2022",
  packages: "external",
  logLevel: "error",
});
await import(pathToFileURL(outfile).href);
