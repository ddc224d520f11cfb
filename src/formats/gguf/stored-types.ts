import { floatTypes } from "../../tensor/dtype.ts";
import { dtypes, formats } from "../../tensor/formats.ts";

/** Names of the types of tensors that can be loaded: floats, and the blocks of storage formats. */
export const storedTypes: ReadonlySet<string> = new Set(
  [...floatTypes, ...dtypes.filter((name) => formats[name].ggml !== undefined)].map((name) => name.toUpperCase()),
);
