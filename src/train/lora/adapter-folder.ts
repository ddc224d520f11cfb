// PEFT's folders of LoRA adapters: adapter_config.json and adapter_model.safetensors.
import { storedNumbers } from "../../convert/stored-numbers.ts";
import { flag, integer, only, optional, positive, readFields, unsupported } from "../../formats/fields.ts";
import { FormatError, listed } from "../../formats/format-error.ts";
import { readJson } from "../../formats/read-text.ts";
import { readSafetensorsHeader, type StoredTensor } from "../../formats/safetensors.ts";
import { safetensorsHeader } from "../../formats/safetensors-header.ts";
import type { FileSource } from "../../formats/source.ts";
import type { WeightSource } from "../../models/family.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { TrainedFolder } from "../trained-folder.ts";
import { type LoraConfig, sizesOf } from "./lora-config.ts";

/** The file of an adapter's settings. */
export const adapterConfig = "adapter_config.json";
/** The file of an adapter's numbers. */
export const adapterWeights = "adapter_model.safetensors";

/** The numbers of an adapter of one module: a `[r, in]` and b `[out, r]`. */
export interface AdapterModule {
  readonly a: Float32Array<ArrayBuffer>;
  readonly b: Float32Array<ArrayBuffer>;
  readonly inputs: number;
  readonly outputs: number;
}

/** An adapter as it is stored. */
export interface StoredAdapter {
  readonly config: LoraConfig;
  /** Where it was read from, for messages. */
  readonly name: string;
  /** By the names of modules: `model.layers.0.self_attn.q_proj`. */
  readonly modules: ReadonlyMap<string, AdapterModule>;
}

const nothing = "is not supported";
const fields = {
  peft_type: only("LORA"),
  r: integer(1, 1 << 16),
  lora_alpha: positive(),
  use_rslora: optional(flag, false),
  fan_in_fan_out: optional(flag, false), // the order of the base's matrices, which the model's family says
  bias: optional(only("none"), "none"),
  use_dora: unsupported(`DoRA ${nothing}`, false),
  lora_bias: unsupported(`a bias of B ${nothing}`, false),
  layer_replication: unsupported(`layers that are repeated ${nothing}`),
  modules_to_save: unsupported(`training whole modules ${nothing}`),
};

const pattern = /^base_model\.model\.(.+)\.lora_([AB])(?:\.default)?\.weight$/;

/** The numbers of a stored tensor. */
async function numbersOf(source: FileSource, tensor: StoredTensor): Promise<Float32Array<ArrayBuffer>> {
  const bytes = await source.read(tensor.file, tensor.begin, tensor.end);
  return Float32Array.from(storedNumbers(tensor, bytes));
}

/**
 * Reads an adapter in PEFT's layout, f32, f16 or bf16.
 *
 * @throws FormatError for files that are missing or invalid, adapters of another kind, tensors that are none of LoRA's or
 * whose shapes do not fit the rank, and numbers that are not finite.
 */
export async function readAdapter(source: FileSource): Promise<StoredAdapter> {
  const reader = readFields(adapterConfig, await readJson(source, adapterConfig));
  const { r: rank, lora_alpha: alpha, use_rslora: rslora } = reader.read(fields);
  for (const field of ["rank_pattern", "alpha_pattern"]) {
    const given = reader.raw[field];
    if (given && Object.keys(given).length > 0)
      reader.fail(field, "is not empty: one rank and alpha for all is supported");
  }
  const header = await readSafetensorsHeader(source, adapterWeights);
  const parts = new Map<string, Partial<Record<"A" | "B", StoredTensor>>>();
  for (const [name, tensor] of header) {
    const [, module = "", which] = pattern.exec(name) ?? [];
    if (which !== "A" && which !== "B")
      throw new FormatError(adapterWeights, `has ${name}, which is none of LoRA's tensors`);
    parts.set(module, { ...parts.get(module), [which]: tensor });
  }
  if (parts.size === 0) throw new FormatError(adapterWeights, "has no tensors");
  const modules = new Map<string, AdapterModule>();
  for (const [module, { A: a, B: b }] of parts) {
    if (!a || !b) throw new FormatError(adapterWeights, `has lora_${a ? "A" : "B"} of ${module} alone, expected both`);
    for (const [which, tensor, axis] of [
      ["A", a, 0],
      ["B", b, 1],
    ] as const) {
      if (tensor.shape.length === 2 && tensor.shape[axis] === rank) continue;
      const is = `has lora_${which} of ${module} in the shape ${formatShape(tensor.shape)}`;
      throw new FormatError(adapterWeights, `${is}, expected ${rank} (r of ${adapterConfig}) on axis ${axis}`);
    }
    const [numbersA, numbersB] = [await numbersOf(source, a), await numbersOf(source, b)];
    if (![numbersA, numbersB].every((numbers) => numbers.every(Number.isFinite))) {
      throw new FormatError(adapterWeights, `has numbers of ${module} that are not finite`);
    }
    modules.set(module, { a: numbersA, b: numbersB, inputs: a.shape[1] ?? 0, outputs: b.shape[0] ?? 0 });
  }
  return { config: { rank, alpha, rslora }, name: source.name, modules };
}

/** Throws `FormatError` for modules of an adapter that a model does not have, or has in other sizes. */
export function checkModules({ modules }: StoredAdapter, known: ReadonlyMap<string, readonly WeightSource[]>): void {
  const missing = [...modules.keys()].filter((module) => !known.has(module));
  if (missing.length > 0)
    throw new FormatError(adapterWeights, `changes ${listed(missing)}, which the model does not have`);
  for (const [module, { inputs, outputs }] of modules) {
    const of = sizesOf(known.get(module)?.[0] as WeightSource);
    if (of.inputs === inputs && of.outputs === outputs) continue;
    const is = `changes ${module} with ${inputs} inputs and ${outputs} outputs`;
    throw new FormatError(adapterWeights, `${is}, which in the model has ${of.inputs} and ${of.outputs}`);
  }
}

/** What an adapter's folder is written from. */
export interface AdapterWriting {
  readonly config: LoraConfig;
  /** The folder of the base, as PEFT notes it. */
  readonly base: string;
  /** True where the base's matrices are `[in, out]` (GPT-2). */
  readonly fanInFanOut: boolean;
  /** The last parts of the modules' names. */
  readonly targets: readonly string[];
  readonly modules: readonly {
    readonly module: string;
    readonly inputs: number;
    readonly outputs: number;
    readonly read: () => Promise<Pick<AdapterModule, "a" | "b">>;
  }[];
}

/** Plans the folder of an adapter in PEFT's layout, f32: the adapter's numbers alone. */
export function adapterFolder({ config, base, fanInFanOut, targets, modules }: AdapterWriting): TrainedFolder {
  const { rank, alpha, rslora } = config;
  const settings = {
    ...{ peft_type: "LORA", task_type: "CAUSAL_LM", base_model_name_or_path: base, inference_mode: true },
    ...{ r: rank, lora_alpha: alpha, lora_dropout: 0, use_rslora: rslora, use_dora: false, bias: "none" },
    ...{ fan_in_fan_out: fanInFanOut, target_modules: targets, modules_to_save: null, init_lora_weights: true },
  };
  const tensors = modules.flatMap(({ module, inputs, outputs }) => [
    { name: `base_model.model.${module}.lora_A.weight`, shape: [rank, inputs] },
    { name: `base_model.model.${module}.lora_B.weight`, shape: [outputs, rank] },
  ]);
  const header = safetensorsHeader(tensors, "f32");
  async function* pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    yield header;
    for (const { read } of modules) {
      const { a, b } = await read();
      yield new Uint8Array(a.buffer);
      yield new Uint8Array(b.buffer);
    }
  }
  const bytes = modules.reduce((sum, { inputs, outputs }) => sum + 4 * rank * (inputs + outputs), header.length);
  return {
    file: adapterWeights,
    files: { [adapterConfig]: `${JSON.stringify(settings, undefined, 2)}\n` },
    bytes,
    pieces,
  };
}
