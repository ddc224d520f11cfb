import { tokenWeightsCases } from "../../../src/check/cases/sampling/token-weights.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, tokenWeightsCases);
