import { logSoftmaxBackwardCases, logSoftmaxCases } from "../../src/check/cases/log-softmax.ts";
import { testGpu } from "../support/gpu.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, logSoftmaxCases);
testCases(() => gpu, logSoftmaxBackwardCases);
