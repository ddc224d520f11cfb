import { argmaxCases } from "../../src/check/cases/argmax.ts";
import { testGpu } from "../support/gpu.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, argmaxCases);
