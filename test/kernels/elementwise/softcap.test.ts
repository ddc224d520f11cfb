import { softcapCases } from "../../../src/check/cases/softcap.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, softcapCases);
