// node scripts/compare-generate.mjs [OPTION…]: generation in Node, on a page's thread, in a worker, and by
// transformers.js.
import { runBundled } from "./setup/run-bundled.mjs";

await runBundled("bench/generate/main.ts", "peers/compare-generate.mjs");
