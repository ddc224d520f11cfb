import { expertsCases } from "../cases/moe-experts.ts";
import { routeCases } from "../cases/moe-route.ts";
import { testGpu } from "../support/gpu.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, routeCases);
testCases(() => gpu, expertsCases);
