import { addLayerNormCases, layerNormCases } from "../../../src/check/cases/rows/layer-norm.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, layerNormCases);
testCases(() => gpu, addLayerNormCases);
