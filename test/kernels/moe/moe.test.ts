import { expertsCases } from "../../../src/check/cases/moe/experts.ts";
import { routeCases } from "../../../src/check/cases/moe/route.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, routeCases);
testCases(() => gpu, expertsCases, { seldom: ["grouped", "subgroups"] });
