// A Llama checkpoint as an ONNX model for ONNX Runtime: the graph that onnxruntime-genai's exporter writes, with
// GroupQueryAttention, rotation included, and norms fused with the sums before them. Matrices keep their 16 bits in the
// file and become f32 when a session is created and ONNX Runtime folds constants, so it computes in f32 like this
// engine.
import type { Weights } from "../../src/formats/weights.ts";
import type { LlamaConfig } from "../../src/reference/models/transformer.ts";
import { type OnnxConstant, type OnnxGraph, type OnnxNode, type OnnxValue, onnxType } from "../harness/onnx.ts";

/** The fields of `config.json` that the graph depends on. */
export interface LlamaFile extends LlamaConfig {
  readonly max_position_embeddings: number;
  readonly rope_scaling?: unknown;
  readonly attention_bias?: boolean;
}

const microsoft = "com.microsoft";

/** Throws a RangeError for what the graph cannot express. */
export function checkLlama(config: LlamaFile): void {
  const refused =
    (config.model_type !== "llama" && `the model type is ${config.model_type}, expected llama`) ||
    (config.rope_scaling && "rope_scaling is set, expected none") ||
    (config.attention_bias && "attention_bias is true, expected false") ||
    (!config.tie_word_embeddings && "tie_word_embeddings is not true, expected a head that is the embedding table");
  if (refused) throw new RangeError(`this model cannot be written as ONNX here: ${refused}`);
}

/** The graph of a Llama model with tied embeddings, whose weights are f16. Throws a RangeError for others. */
export async function llamaGraph(config: LlamaFile, weights: Weights): Promise<OnnxGraph> {
  checkLlama(config);
  const heads = config.num_attention_heads;
  const groups = config.num_key_value_heads ?? heads;
  const width = config.head_dim ?? config.hidden_size / heads;
  const nodes: OnnxNode[] = [];
  const constants: OnnxConstant[] = [];
  const add = (operator: string, inputs: readonly string[], output: string, rest: Partial<OnnxNode> = {}): string => {
    nodes.push({ operator, inputs, outputs: [output], ...rest });
    return output;
  };

  /** A weight by its name in the checkpoint: vectors unchanged, a matrix `[out, in]` as `[in, out]`. */
  const weight = async (name: string, transposed = false): Promise<string> => {
    const tensor = weights.get(`model.${name}.weight`);
    if (tensor.dtype !== "F16") throw new RangeError(`${tensor.name} is ${tensor.dtype}, expected F16`);
    const bytes = await weights.read(tensor, 0, tensor.end - tensor.begin);
    const [rows = 1, columns = 1] = tensor.shape;
    const [elements, shape] = transposed ? [swapped(bytes, rows, columns), [columns, rows]] : [bytes, tensor.shape];
    constants.push({ name: `${name}.f16`, type: "float16", shape, elements });
    return add("Cast", [`${name}.f16`], name, { attributes: { to: onnxType("float32") } });
  };
  const linear = async (x: string, name: string): Promise<string> =>
    add("MatMul", [x, await weight(name, true)], `${name}.out`);

  const { angles, lengths } = preparation(config, width);
  constants.push(...angles, ...lengths.constants);
  nodes.push(...lengths.nodes);

  const epsilon = { float: config.rms_norm_eps };
  let sum = add("Gather", [await weight("embed_tokens"), "input_ids"], "embedded");
  const first = await weight("layers.0.input_layernorm");
  let x = add("SimplifiedLayerNormalization", [sum, first], "layers.0.normed", {
    attributes: { axis: -1, epsilon, stash_type: 1 },
  });
  /** Adds to the residual stream, and returns the norm of the sum. */
  const addAndNorm = async (added: string, name: string): Promise<string> => {
    const [normed, total] = [`${name}.normed`, `${name}.sum`];
    const inputs = [sum, added, await weight(name)];
    const outputs = [normed, "", "", total];
    nodes.push({
      operator: "SkipSimplifiedLayerNormalization",
      domain: microsoft,
      inputs,
      outputs,
      attributes: { epsilon },
    });
    sum = total;
    return normed;
  };
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `layers.${layer}`;
    const q = await linear(x, `${at}.self_attn.q_proj`);
    const k = await linear(x, `${at}.self_attn.k_proj`);
    const v = await linear(x, `${at}.self_attn.v_proj`);
    const past = [`past_key_values.${layer}.key`, `past_key_values.${layer}.value`];
    const attended = `${at}.attended`;
    nodes.push({
      operator: "GroupQueryAttention",
      domain: microsoft,
      inputs: [q, k, v, ...past, "last", "total", "cosines", "sines"],
      outputs: [attended, `present.${layer}.key`, `present.${layer}.value`],
      attributes: { num_heads: heads, kv_num_heads: groups, do_rotary: 1, rotary_interleaved: 0 },
    });
    x = await addAndNorm(await linear(attended, `${at}.self_attn.o_proj`), `${at}.post_attention_layernorm`);
    const gate = await linear(x, `${at}.mlp.gate_proj`);
    const up = await linear(x, `${at}.mlp.up_proj`);
    const silu = add("Mul", [gate, add("Sigmoid", [gate], `${at}.sigmoid`)], `${at}.silu`);
    const down = await linear(add("Mul", [silu, up], `${at}.gated`), `${at}.mlp.down_proj`);
    const last = layer + 1 === config.num_hidden_layers;
    x = await addAndNorm(down, last ? "norm" : `layers.${layer + 1}.input_layernorm`);
  }
  add("MatMul", [x, add("Transpose", ["embed_tokens"], "head", { attributes: { perm: [1, 0] } })], "logits");

  const { shape: [vocabulary = 0] = [] } = weights.get("model.embed_tokens.weight");
  // The names of lengths are those of Hugging Face's exporter: transformers.js uses them to create the first, empty
  // cache.
  const cache = (prefix: string, length: string): OnnxValue[] =>
    Array.from({ length: config.num_hidden_layers }, (_, layer) =>
      ["key", "value"].map((kind) => ({
        name: `${prefix}.${layer}.${kind}`,
        type: "float32" as const,
        shape: ["batch_size", groups, length, width],
      })),
    ).flat();
  return {
    name: "llama",
    nodes,
    constants,
    inputs: [
      { name: "input_ids", type: "int64", shape: ["batch_size", "sequence_length"] },
      { name: "attention_mask", type: "int64", shape: ["batch_size", "total_sequence_length"] },
      ...cache("past_key_values", "past_sequence_length"),
    ],
    outputs: [
      { name: "logits", type: "float32", shape: ["batch_size", "sequence_length", vocabulary] },
      ...cache("present", "total_sequence_length"),
    ],
  };
}

/** The tables of cosines and sines by position, and the lengths that attention takes: `last` and `total`. */
function preparation({ max_position_embeddings: positions, rope_theta: theta = 10_000 }: LlamaFile, width: number) {
  const half = width / 2;
  const table = (name: string, of: (angle: number) => number): OnnxConstant => {
    const values = Float32Array.from({ length: positions * half }, (_, i) =>
      of(Math.floor(i / half) * theta ** ((-2 * (i % half)) / width)),
    );
    return { name, type: "float32", shape: [positions, half], elements: new Uint8Array(values.buffer) };
  };
  const int64 = (name: string, shape: readonly number[]): OnnxConstant => {
    const elements = new Uint8Array(BigInt64Array.of(1n).buffer);
    return { name, type: "int64", shape, elements };
  };
  const to = onnxType("int32");
  const nodes: OnnxNode[] = [
    {
      operator: "ReduceSum",
      inputs: ["attention_mask", "axis"],
      outputs: ["seen"],
      attributes: { keepdims: 0 },
    },
    { operator: "Sub", inputs: ["seen", "one"], outputs: ["seen_before"] },
    { operator: "Cast", inputs: ["seen_before"], outputs: ["last"], attributes: { to } },
    { operator: "Shape", inputs: ["attention_mask"], outputs: ["mask_shape"] },
    { operator: "Gather", inputs: ["mask_shape", "one"], outputs: ["mask_length"], attributes: { axis: 0 } },
    { operator: "Cast", inputs: ["mask_length"], outputs: ["total"], attributes: { to } },
  ];
  return {
    angles: [table("cosines", Math.cos), table("sines", Math.sin)],
    lengths: { nodes, constants: [int64("axis", [1]), int64("one", [])] },
  };
}

/** Elements of 16 bits of `[rows, columns]` as `[columns, rows]`. */
function swapped(bytes: Uint8Array, rows: number, columns: number): Uint8Array {
  const from = new Uint16Array(bytes.buffer, bytes.byteOffset, rows * columns);
  const to = new Uint16Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) to[column * rows + row] = from[row * columns + column] ?? 0;
  }
  return new Uint8Array(to.buffer);
}
