import type { FileSource } from "../../formats/source.ts";
import { adapterIn, type StoredAdapter } from "../../generate/lora/read-adapter.ts";
import { type OpeningOptions, openFrom, openingChecks } from "../../generate/opening.ts";
import { checkOptions, fieldsOf } from "../../options/checks.ts";

const fields = fieldsOf<OpeningOptions>(openingChecks);

/**
 * Reads an adapter of LoRA, f32, f16 or bf16, from a folder in PEFT's layout, as `loadModel` takes one: for `openLora`, which
 * trains it on, and `mergeAdapter`.
 *
 * @throws FormatError for files that are missing or invalid, adapters of another kind, tensors that are none of LoRA's or
 * whose shapes do not fit the rank, and numbers that are not finite.
 */
export async function readAdapter(
  from: string | URL | FileSource,
  options: OpeningOptions = {},
): Promise<StoredAdapter> {
  checkOptions("readAdapter", fields, options);
  return await adapterIn(await openFrom("readAdapter", from, options));
}
