import { describe } from "vitest";
import { testGpu } from "../../support/devices/gpu.ts";
import { goldenFolders, goldenTests } from "./golden-folder.ts";

const gpu = await testGpu();

describe.each(["qwen2-moe", "qwen3-moe", "olmoe"])("%s", (name) => goldenTests(gpu, `${goldenFolders}/${name}`));
