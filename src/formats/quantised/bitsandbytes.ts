import { flag, only, optional } from "../json/fields.ts";
import { channels } from "./channels.ts";
import { numbersOf } from "./groups.ts";
import type { SchemeReader } from "./scheme.ts";

const fields = {
  load_in_8bit: only(true),
  load_in_4bit: optional(flag, false),
};

/**
 * LLM.int8 (Dettmers et al. 2022) as bitsandbytes stores it: `weight [out, in]`, and `SCB [out]`:  code · SCB / 127.
 */
export const bitsandbytes: SchemeReader = (settings) => {
  const { raw } = settings;
  if (raw["load_in_4bit"] === true || raw["load_in_8bit"] !== true) {
    settings.fail("load_in_8bit", "is not true; of bitsandbytes only weights of eight bits are supported");
  }
  settings.read(fields);
  return {
    name: "int8 by channel (LLM.int8)",
    endings: ["SCB"],
    ignored: ["weight_format"],
    matrix({ get }) {
      const codes = get("weight", ["I8"]);
      const [rows = 0, columns = 0] = codes.shape;
      get("weight", ["I8"], [rows, columns]);
      const scales = get("SCB", ["F32", "F16", "BF16"], [rows]);
      return channels(codes, scales, [rows, columns], (bytes) => numbersOf(scales, bytes).map((scale) => scale / 127));
    },
  };
};
