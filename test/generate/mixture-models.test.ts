import { describe } from "vitest";
import { goldenFolders, goldenTests } from "./golden-folder.ts";

describe.each(["qwen2-moe", "qwen3-moe", "olmoe"])("%s", (name) => goldenTests(`${goldenFolders}/${name}`));
