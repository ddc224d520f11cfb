import { addRmsNormCases, rmsNormCases } from "../../../src/check/cases/rows/rms-norm.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, rmsNormCases);
testCases(() => gpu, addRmsNormCases);
