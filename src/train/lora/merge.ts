import type { FileSource } from "../../formats/source.ts";
import { readModelFolder } from "../../generate/load/model-folder.ts";
import { type OpeningOptions, openFrom, openingChecks } from "../../generate/load/opening.ts";
import { modulesOf } from "../../generate/lora/adapt.ts";
import { moduleOf, rankOf, scaleOf } from "../../generate/lora/lora-config.ts";
import { type AdapterModule, checkModules, type StoredAdapter } from "../../generate/lora/read-adapter.ts";
import { checkOptions, checkValue, fieldsOf, having } from "../../options/checks.ts";
import { folderFiles } from "../open/export-model.ts";
import { changedFolder, type TrainedFolder } from "../open/trained-folder.ts";

const fields = fieldsOf<OpeningOptions>(openingChecks);

/** Stored numbers plus scale · B · A, computed in float64 and rounded to f32 once. */
function merged(
  stored: Float64Array,
  { a, b, inputs, outputs }: AdapterModule,
  { rank, scale }: { readonly rank: number; readonly scale: number },
  transposed: boolean,
): Float32Array<ArrayBuffer> {
  const all = new Float32Array(stored.length);
  const row = new Float64Array(inputs);
  for (let out = 0; out < outputs; out++) {
    row.fill(0);
    for (let r = 0; r < rank; r++) {
      const weight = scale * (b[out * rank + r] ?? 0);
      for (let i = 0; i < inputs; i++) row[i] = (row[i] ?? 0) + weight * (a[r * inputs + i] ?? 0);
    }
    for (let i = 0; i < inputs; i++) {
      const at = transposed ? i * outputs + out : out * inputs + i;
      all[at] = (stored[at] ?? 0) + (row[i] ?? 0);
    }
  }
  return all;
}

/**
 * The files of a model with an adapter merged into its weights, W + scale · B · A, by name: a folder as Hugging Face's
 * libraries write it, f32. `from` is the model, as for `loadModel`.
 *
 * @throws FormatError for an adapter that does not fit the model, and for a GGUF file or a quantised folder.
 */
export async function mergeAdapter(
  from: string | URL | FileSource,
  adapter: StoredAdapter,
  options: OpeningOptions = {},
): Promise<Readonly<Record<string, Blob>>> {
  checkValue("mergeAdapter", "adapter", having("modules", "an adapter of readAdapter"), adapter);
  checkOptions("mergeAdapter", fields, options);
  return await folderFiles(await mergedFolder(await openFrom("mergeAdapter", from, options), adapter));
}

/**
 * Plans the folder of a model with an adapter merged into its weights, W + scale · B · A, all as f32.
 *
 * @throws FormatError for an adapter that does not fit the model, and for a GGUF file or a quantised folder.
 */
export async function mergedFolder(source: FileSource, adapter: StoredAdapter): Promise<TrainedFolder> {
  const folder = await readModelFolder(source);
  const known = modulesOf(folder.checkpoint.layers);
  checkModules(adapter, known);
  const { config } = adapter;
  return await changedFolder(source, folder, async ({ name }, stored) => {
    const module = moduleOf({ name });
    const change = adapter.modules.get(module);
    const source = known.get(module)?.find((one) => one.source.name === name)?.source;
    if (!change || !source) return undefined;
    const factors = { rank: rankOf(config, module), scale: scaleOf(config, module) };
    return merged(await stored(), change, factors, source.transposed ?? false);
  });
}
