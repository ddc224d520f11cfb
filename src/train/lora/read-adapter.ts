import type { FileSource } from "../../formats/source.ts";
import { type OpeningOptions, openFrom, openingChecks } from "../../generate/load/opening.ts";
import { adapterIn, type StoredAdapter } from "../../generate/lora/read-adapter.ts";
import { checkOptions, fieldsOf } from "../../options/checks.ts";

const fields = fieldsOf<OpeningOptions>(openingChecks);

/**
 * Reads a LoRA adapter, f32, f16 or bf16, from a folder in PEFT's layout, given as to `loadModel`: for `openLora`, to
 * continue its training, and `mergeAdapter`.
 *
 * @throws FormatError for missing or invalid files, adapters of another kind, tensors that are not LoRA's or whose
 * shapes do not fit the rank, and numbers that are not finite.
 */
export async function readAdapter(
  from: string | URL | FileSource,
  options: OpeningOptions = {},
): Promise<StoredAdapter> {
  checkOptions("readAdapter", fields, options);
  return await adapterIn(await openFrom("readAdapter", from, options));
}
