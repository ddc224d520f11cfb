// node scripts/measure-long-tasks.mjs: how long the main thread of a page is busy at a time, in Chromium.
import { runBundled } from "./setup/run-bundled.mjs";

await runBundled("bench/pages/main.ts", "peers/measure-long-tasks.mjs");
