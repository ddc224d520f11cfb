import { magnitudeCases } from "../../src/check/cases/magnitude.ts";
import { testGpu } from "../support/gpu.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, magnitudeCases);
