import { describe } from "vitest";
import { goldenFolders, goldenTests } from "./golden-folder.ts";

describe.each(["gpt-oss", "gpt-oss-mxfp4"])("%s", (name) => goldenTests(`${goldenFolders}/${name}`));
