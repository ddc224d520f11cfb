// node scripts/measure/step.mjs [CASE…] [OPTION…]: how a training step's time is spent.
import { ensureBuild } from "../setup/build.mjs";
import { runBundled } from "../setup/run-bundled.mjs";

ensureBuild();
const { wgslEsbuild } = await import("shaderformer/wgsl");
await runBundled("bench/train/main.ts", "peers/measure-step.mjs", { plugins: [wgslEsbuild()] });
