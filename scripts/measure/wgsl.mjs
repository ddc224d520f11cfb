// node scripts/measure/wgsl.mjs: how long the engine takes to read a user's WGSL, and the interpreter to read and run
// kernels.
import { runBundled } from "../setup/run-bundled.mjs";

await runBundled("scripts/measure/wgsl/main.ts", "peers/measure-wgsl.mjs");
