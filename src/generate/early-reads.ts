// What loads and plans begin with.
import { type FileSource, ggufHeadBytes, headBytes } from "../formats/source.ts";
import type { LoadOptions } from "../models/weights.ts";
import { OptionError } from "../options/errors.ts";

/** Throws `OptionError` where types are given in both ways. */
export function checkTypes(what: string, { dtype, weights }: Pick<LoadOptions, "dtype" | "weights">): void {
  if (dtype === undefined || weights === undefined) return;
  throw new OptionError(`${what}: dtype is ${dtype} and weights is ${weights}, expected one of them`);
}

/** The largest tokenizer files and shard indices in use have 10 to 40 MB, other texts less than one. */
const [largeText, smallText] = [128 << 20, 16 << 20];

/** What is requested at once, in this order: all that a model has other than its weights, and their head. */
export const early = {
  whole: {
    "config.json": smallText,
    "tokenizer.json": largeText,
    "tokenizer_config.json": smallText,
    "model.safetensors.index.json": largeText,
    "generation_config.json": smallText,
    "chat_template.jinja": smallText,
  },
  heads: { "model.safetensors": headBytes },
};

/** What is requested at once of a source. */
export const earlyReads = ({ gguf }: FileSource, whole: Readonly<Record<string, number>> = early.whole) =>
  gguf === undefined ? { whole, heads: early.heads } : { whole: {}, heads: { [gguf]: ggufHeadBytes } };
