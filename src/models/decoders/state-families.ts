import { falconH1 } from "./falcon-h1.ts";
import { familiesByName } from "./family.ts";
import { graniteHybrid } from "./granite-hybrid.ts";
import { lfm2 } from "./lfm2.ts";
import { mamba2 } from "./mamba2.ts";
import { qwenNext } from "./qwen-next.ts";

/** Families whose layers carry states: adding one takes a file, an entry here and its names in `architectures.ts`. */
export const stateFamilies = familiesByName([lfm2, qwenNext, mamba2, falconH1, graniteHybrid]);
