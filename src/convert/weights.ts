import { floatTypes } from "../tensor/dtype.ts";
import { type DType, dtypes, formats } from "../tensor/formats.ts";
import type { ToGgufOptions } from "./to-gguf.ts";

const uniform: readonly DType[] = [...floatTypes, ...dtypes.filter((name) => formats[name].ggml !== undefined)];

/** Names of ways to store the matrices of a GGUF file. */
export const weightNames: readonly string[] = uniform;

/** The way to store matrices of this name. */
export function weightsNamed(name: string): ToGgufOptions {
  const dtype = uniform.find((known) => known === name);
  if (!dtype) throw new TypeError(`${name} is no format of a GGUF file's weights`);
  return { formatOf: () => dtype, fileType: name.toUpperCase() };
}
