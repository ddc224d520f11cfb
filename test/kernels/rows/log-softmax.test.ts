import { logSoftmaxBackwardCases, logSoftmaxCases } from "../../../src/check/cases/rows/log-softmax.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, logSoftmaxCases);
testCases(() => gpu, logSoftmaxBackwardCases);
