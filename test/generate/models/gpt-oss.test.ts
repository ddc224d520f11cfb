import { describe } from "vitest";
import { testGpu } from "../../support/devices/gpu.ts";
import { goldenFolders, goldenTests } from "./golden-folder.ts";

const gpu = await testGpu();

describe.each(["gpt-oss", "gpt-oss-mxfp4"])("%s", (name) => goldenTests(gpu, `${goldenFolders}/${name}`));
