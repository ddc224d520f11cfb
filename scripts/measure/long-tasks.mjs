// node scripts/measure/long-tasks.mjs: how long a page's main thread is busy without a break, in Chromium.
import { runBundled } from "../setup/run-bundled.mjs";

await runBundled("bench/pages/main.ts", "peers/measure-long-tasks.mjs");
