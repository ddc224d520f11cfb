// node scripts/measure/step.mjs [CASE…] [OPTION…]: how a training step's time is spent.
import { runBundled } from "../setup/run-bundled.mjs";

await runBundled("bench/train/main.ts", "peers/measure-step.mjs");
