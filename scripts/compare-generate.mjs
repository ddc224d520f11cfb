// node scripts/compare-generate.mjs [OPTION…]: generation in Node, on a page's thread, in a worker, and by
// transformers.js.
import { ensureBuild } from "./setup/build.mjs";
import { runBundled } from "./setup/run-bundled.mjs";

ensureBuild();
await runBundled("bench/generate/main.ts", "peers/compare-generate.mjs");
