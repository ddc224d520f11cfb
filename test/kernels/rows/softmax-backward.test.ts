import { softmaxBackwardCases } from "../../../src/check/cases/rows/softmax-backward.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, softmaxBackwardCases);
