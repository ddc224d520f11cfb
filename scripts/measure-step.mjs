// node scripts/measure-step.mjs [CASE…] [OPTION…]: what a training step's time goes to.
import { ensureBuild } from "./setup/build.mjs";
import { runBundled } from "./setup/run-bundled.mjs";

ensureBuild();
const { wgslEsbuild } = await import("shaderformer/wgsl");
await runBundled("bench/train/main.ts", "peers/measure-step.mjs", { plugins: [wgslEsbuild()] });
