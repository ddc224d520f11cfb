// PEFT folders of LoRA adapters: adapter_config.json and adapter_model.safetensors.

import { FormatError, listed } from "../../formats/format-error.ts";
import {
  type Field,
  flag,
  integer,
  only,
  optional,
  positive,
  readFields,
  shown,
  unsupported,
} from "../../formats/json/fields.ts";
import { readJson } from "../../formats/read-text.ts";
import { dtypeOf, readSafetensorsHeader, type StoredTensor } from "../../formats/safetensors/safetensors.ts";
import type { FileSource } from "../../formats/source.ts";
import type { Adaptable } from "../../models/weights/adapted-weights.ts";
import { decode, elementsOf } from "../../tensor/dtype.ts";
import { formatShape } from "../../tensor/shape.ts";
import { type LoraConfig, type Pattern, rankOf, sizesOf } from "./lora-config.ts";

/** The file of an adapter's settings. */
export const adapterConfig = "adapter_config.json";
/** The file of an adapter's numbers. */
export const adapterWeights = "adapter_model.safetensors";

/** The numbers of one module's adapter: a `[r, in]` and b `[out, r]`. */
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

/** The projections of each module that can be adapted; a checkpoint may fuse several. */
export type KnownModules = ReadonlyMap<string, readonly Adaptable[]>;

/**
 * Numbers by module names or suffixes. PEFT treats keys as regular expressions; in practice they are names, and a
 * stranger's expressions may run forever.
 */
function patternOf(number: Field<number>): Field<Pattern> {
  const problem = (value: unknown) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return `is ${shown(value)}, expected an object`;
    }
    for (const [key, one] of Object.entries(value)) {
      if (!/^\^?[\w.]+$/.test(key)) return `has the key ${shown(key)}, expected the name of a module or its end`;
      const wrong = number.problem(one);
      if (wrong !== undefined) return `has ${shown(key)}, which ${wrong}`;
    }
    return undefined;
  };
  return { problem };
}

const nothing = "is not supported";
const noExperts = "adapters of experts that are not tensors of their own in the checkpoint are not supported";
const [rank, alpha] = [integer(1, 1 << 16), positive()];
const fields = {
  peft_type: only("LORA"),
  r: rank,
  lora_alpha: alpha,
  rank_pattern: optional(patternOf(rank)),
  alpha_pattern: optional(patternOf(alpha)),
  use_rslora: optional(flag, false),
  fan_in_fan_out: optional(flag, false), // the order of the base's matrices, known from the family
  bias: optional(only("none"), "none"),
  use_dora: unsupported(`DoRA ${nothing}`, false),
  lora_bias: unsupported(`a bias of B ${nothing}`, false),
  layer_replication: unsupported(`layers that are repeated ${nothing}`),
  modules_to_save: unsupported(`training whole modules ${nothing}`),
  target_parameters: unsupported(noExperts),
};

const pattern = /^base_model\.model\.(.+)\.lora_([AB])(?:\.default)?\.weight$/;

/** The numbers of a stored tensor. */
async function numbersOf(source: FileSource, tensor: StoredTensor): Promise<Float32Array<ArrayBuffer>> {
  const dtype = dtypeOf(tensor);
  const bytes = await source.read(tensor.file, tensor.begin, tensor.end);
  return Float32Array.from(decode(dtype, elementsOf(dtype, bytes.slice().buffer)));
}

/**
 * Reads an adapter in PEFT's layout, f32, f16 or bf16.
 *
 * @throws FormatError for files that are missing or invalid, adapters of another kind, tensors that are not LoRA's or
 * whose shapes do not fit the rank, and numbers that are not finite.
 */
export async function adapterIn(source: FileSource): Promise<StoredAdapter> {
  const given = readFields(adapterConfig, await readJson(source, adapterConfig)).read(fields);
  const { rank_pattern: ranks = {}, alpha_pattern: alphas = {} } = given;
  const config: LoraConfig = {
    rank: given.r,
    alpha: given.lora_alpha,
    rslora: given.use_rslora,
    ...(Object.keys(ranks).length > 0 ? { ranks } : {}),
    ...(Object.keys(alphas).length > 0 ? { alphas } : {}),
  };
  const header = await readSafetensorsHeader(source, adapterWeights);
  const parts = new Map<string, Partial<Record<"A" | "B", StoredTensor>>>();
  for (const [name, tensor] of header) {
    const [, module = "", which] = pattern.exec(name) ?? [];
    if (which !== "A" && which !== "B")
      throw new FormatError(adapterWeights, `has ${name}, which is not a LoRA tensor`);
    parts.set(module, { ...parts.get(module), [which]: tensor });
  }
  if (parts.size === 0) throw new FormatError(adapterWeights, "has no tensors");
  const modules = new Map<string, AdapterModule>();
  for (const [module, { A: a, B: b }] of parts) {
    if (!a || !b) throw new FormatError(adapterWeights, `has lora_${a ? "A" : "B"} of ${module} alone, expected both`);
    const expected = rankOf(config, module);
    for (const [which, tensor, axis] of [
      ["A", a, 0],
      ["B", b, 1],
    ] as const) {
      if (tensor.shape.length === 2 && tensor.shape[axis] === expected) continue;
      const is = `has lora_${which} of ${module} in the shape ${formatShape(tensor.shape)}`;
      throw new FormatError(adapterWeights, `${is}, expected ${expected} (from ${adapterConfig}) on axis ${axis}`);
    }
    const [numbersA, numbersB] = [await numbersOf(source, a), await numbersOf(source, b)];
    if (![numbersA, numbersB].every((numbers) => numbers.every(Number.isFinite))) {
      throw new FormatError(adapterWeights, `has numbers of ${module} that are not finite`);
    }
    modules.set(module, { a: numbersA, b: numbersB, inputs: a.shape[1] ?? 0, outputs: b.shape[0] ?? 0 });
  }
  return { config, name: source.name, modules };
}

/** Throws `FormatError` for modules of an adapter that are missing from the model, or have other sizes there. */
export function checkModules({ modules }: StoredAdapter, known: KnownModules): void {
  const missing = [...modules.keys()].filter((module) => !known.has(module));
  const experts = missing.filter((module) => /\.experts(\.|$)/.test(module));
  if (experts.length > 0) throw new FormatError(adapterWeights, `changes ${listed(experts)}: ${noExperts}`);
  if (missing.length > 0)
    throw new FormatError(adapterWeights, `changes ${listed(missing)}, which the model does not have`);
  for (const [module, { inputs, outputs }] of modules) {
    const [{ source }] = known.get(module) as unknown as readonly [Adaptable];
    const of = sizesOf(source);
    if (of.inputs === inputs && of.outputs === outputs) continue;
    const is = `changes ${module} with ${inputs} inputs and ${outputs} outputs`;
    throw new FormatError(adapterWeights, `${is}, which in the model has ${of.inputs} and ${of.outputs}`);
  }
}
