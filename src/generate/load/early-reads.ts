import { type FileSource, ggufHeadBytes, headBytes } from "../../formats/source.ts";
import type { LoadOptions } from "../../models/weights/weights.ts";
import { OptionError } from "../../options/errors.ts";

// The first reads of loads and plans.

/** Throws `OptionError` if types are given in both ways. */
export function checkTypes(what: string, { dtype, weights }: Pick<LoadOptions, "dtype" | "weights">): void {
  if (dtype === undefined || weights === undefined) return;
  throw new OptionError(`${what}: dtype is ${dtype} and weights is ${weights}, expected one of them`);
}

/** The largest real tokenizer files and shard indices have 10 to 40 MB, other texts less than one. */
const [largeText, smallText] = [128 << 20, 16 << 20];

/** Requested immediately, in this order: all of a model's files but its weights, and their headers. */
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

/** What is requested from a source immediately. */
export const earlyReads = ({ gguf }: FileSource, whole: Readonly<Record<string, number>> = early.whole) =>
  gguf === undefined ? { whole, heads: early.heads } : { whole: {}, heads: { [gguf]: ggufHeadBytes } };

/** The bytes of all files of a source, and how many of them need not be downloaded. Missing files count as 0. */
export async function filesBytes(source: FileSource, files: Iterable<string>) {
  const sizes = await Promise.all(
    [...files].map(async (file) => {
      if (!(await source.has(file))) return [0, 0] as const;
      return [await source.size(file), (await source.kept?.(file)) ?? 0] as const;
    }),
  );
  const sum = (of: 0 | 1) => sizes.reduce((total, one) => total + one[of], 0);
  return { downloadBytes: sum(0), cachedBytes: sum(1) };
}
