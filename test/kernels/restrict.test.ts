import { restrictCases } from "../../src/check/cases/restrict.ts";
import { testGpu } from "../support/gpu.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, restrictCases);
