import { llamaShapes } from "../../bench/models/weight-shapes.ts";
import { randomSource } from "../../src/check/random.ts";
import { openWeights, type Weights } from "../../src/formats/weights.ts";
import { readArchitecture } from "../../src/models/decoders/architectures.ts";
import { arrayOf, type Elements, type FloatType, type PlainType } from "../../src/tensor/dtype.ts";
import { memorySource } from "../formats/checkpoint-bytes.ts";
import { safetensors, type WrittenTensor } from "../support/models/safetensors.ts";

/** A Mixtral of odd sizes, so that rows of 16-bit elements end within words. */
export const small = {
  architectures: ["MixtralForCausalLM"],
  model_type: "mixtral",
  vocab_size: 40,
  hidden_size: 9,
  intermediate_size: 15,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 4,
  max_position_embeddings: 64,
  hidden_act: "silu",
  tie_word_embeddings: true,
  num_local_experts: 3,
  num_experts_per_tok: 2,
  sliding_window: null,
};

export type Written = Record<string, WrittenTensor>;

/** The name of one expert's weight: `w1` is the gate, `w3` the up, `w2` the down. */
export const expertName = (layer: number, expert: number, which: "w1" | "w2" | "w3") =>
  `model.layers.${layer}.block_sparse_moe.experts.${expert}.${which}.weight`;

/** Shapes of the weights that a Mixtral config implies. */
export function mixtralShapes(config: typeof small): Record<string, number[]> {
  const { hidden_size: c, intermediate_size: f, num_local_experts: e } = config;
  const shapes = Object.entries(llamaShapes(config)).filter(([name]) => !name.includes(".mlp."));
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    shapes.push([`model.layers.${layer}.block_sparse_moe.gate.weight`, [e, c]]);
    for (let expert = 0; expert < e; expert++) {
      shapes.push([expertName(layer, expert, "w1"), [f, c]]);
      shapes.push([expertName(layer, expert, "w2"), [c, f]]);
      shapes.push([expertName(layer, expert, "w3"), [f, c]]);
    }
  }
  return Object.fromEntries(shapes);
}

/** Every bit pattern but those of infinities and NaN. */
export function randomElements(dtype: FloatType, size: number, seed: number): Elements {
  const source = randomSource(seed);
  const [bits, exponent] = { f32: [32, 0x7f800000], f16: [16, 0x7c00], bf16: [16, 0x7f80] }[dtype] as [number, number];
  const words = bits === 32 ? new Uint32Array(size) : new Uint16Array(size);
  for (let i = 0; i < size; i++) {
    const word = source.integer(2 ** bits);
    words[i] = (word & exponent) === exponent ? word ^ (exponent & -exponent) : word;
  }
  return new arrayOf[dtype](words.buffer);
}

/** Random weights for a config, as a checkpoint stores them. */
export function mixtralTensors(config: typeof small, dtype: FloatType): Written {
  const entries = Object.entries(mixtralShapes(config)).map(([name, shape], seed) => {
    const size = shape.reduce((product, axis) => product * axis, 1);
    return [name, { shape, dtype, elements: randomElements(dtype, size, seed + 1) }] as const;
  });
  return Object.fromEntries(entries);
}

/** Opens a checkpoint in memory; `seen` is called with every read. */
export async function openTensors(tensors: Written, seen?: (begin: number, end: number) => void): Promise<Weights> {
  const source = memorySource({ "model.safetensors": safetensors(tensors) });
  return openWeights({
    ...source,
    read: (file, begin, end) => {
      seen?.(begin, end);
      return source.read(file, begin, end);
    },
  });
}

/** What `loadWeights` takes other than the device, for a config and a checkpoint. */
export const familyOf = (config: Readonly<Record<string, unknown>>) => readArchitecture(config);

/** The rows of `tensors`, one below the other or in turn, put together the plain way. */
export function stackedBits(parts: readonly (readonly (WrittenTensor | undefined)[])[], dtype: PlainType): Elements {
  const out: number[] = [];
  for (const part of parts) {
    const [rows = 0, columns = 0] = part[0]?.shape ?? [];
    for (let row = 0; row < rows; row++) {
      for (const tensor of part) {
        for (let column = 0; column < columns; column++)
          out.push(tensor?.elements[row * columns + column] ?? Number.NaN);
      }
    }
  }
  return arrayOf[dtype].from(out);
}
