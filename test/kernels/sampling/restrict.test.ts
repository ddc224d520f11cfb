import { restrictCases } from "../../../src/check/cases/sampling/restrict.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, restrictCases);
