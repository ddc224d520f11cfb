import { penaliseCases } from "../../src/check/cases/penalise.ts";
import { testGpu } from "../support/gpu.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, penaliseCases);
