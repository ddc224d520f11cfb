import type { FileSource } from "../../formats/source.ts";
import { readModelFolder } from "../../generate/model-folder.ts";
import { changedFolder, type TrainedFolder } from "../trained-folder.ts";
import { modulesOf } from "./adapt.ts";
import { type AdapterModule, checkModules, type StoredAdapter } from "./adapter-folder.ts";
import { type LoraConfig, moduleOf, scaleOf } from "./lora-config.ts";

/** Stored numbers plus scale · B · A, computed in float64 and rounded to f32 once. */
function merged(
  stored: Float64Array,
  { a, b, inputs, outputs }: AdapterModule,
  config: LoraConfig,
  transposed: boolean,
): Float32Array<ArrayBuffer> {
  const { rank } = config;
  const scale = scaleOf(config);
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
 * Plans the folder of a model with an adapter merged into its weights, W + scale · B · A, all as f32.
 *
 * @throws FormatError for an adapter that does not fit the model, and for a GGUF file or a quantised folder.
 */
export async function mergedFolder(source: FileSource, adapter: StoredAdapter): Promise<TrainedFolder> {
  const folder = await readModelFolder(source);
  const known = modulesOf(folder);
  checkModules(adapter, known);
  return await changedFolder(source, folder, async ({ name }, stored) => {
    const module = moduleOf({ name });
    const change = adapter.modules.get(module);
    const isWeight = known.get(module)?.some((one) => one.name === name) ?? false;
    if (!change || !isWeight) return undefined;
    return merged(await stored(), change, adapter.config, known.get(module)?.[0]?.transposed ?? false);
  });
}
