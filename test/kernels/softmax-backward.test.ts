import { softmaxBackwardCases } from "../../src/check/cases/softmax-backward.ts";
import { testGpu } from "../support/gpu.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, softmaxBackwardCases);
