import { attentionCases } from "../cases/attention.ts";
import { testGpu } from "../support/gpu.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await testGpu({ features: [] });
testCases(() => gpu, attentionCases);
