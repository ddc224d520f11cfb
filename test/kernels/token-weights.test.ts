import { tokenWeightsCases } from "../../src/check/cases/token-weights.ts";
import { testGpu } from "../support/gpu.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, tokenWeightsCases);
