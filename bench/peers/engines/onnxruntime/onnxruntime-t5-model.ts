// A T5 as models of ONNX Runtime.
import {
  type OnnxAttribute,
  type OnnxConstant,
  type OnnxNode,
  type OnnxType,
  onnxModel,
  onnxType,
} from "../../../harness/onnx.ts";
import type { SequenceProblem } from "../../problems.ts";
import { t5Bucket, t5Small, t5Tensor } from "../../t5.ts";

const microsoft = "com.microsoft";

/** How attention and norms are written: as single operators, or as model exporters write them. */
export const spellings = {
  fused: "MultiHeadAttention, SkipSimplifiedLayerNormalization",
  composed: "MatMul, Softmax",
} as const;

/** One of these. */
export type Spelling = keyof typeof spellings;

const { layers, heads, headWidth, eps } = t5Small;
const inner = heads * headWidth;

/** A graph, written operator by operator. */
interface Graph {
  readonly nodes: OnnxNode[];
  readonly constants: OnnxConstant[];
  node(
    operator: string,
    inputs: readonly string[],
    outputs: string | readonly string[],
    attributes?: Readonly<Record<string, OnnxAttribute>>,
    domain?: string,
  ): string;
  floats(name: string, shape: readonly number[], values: Float32Array<ArrayBuffer>): string;
  /** A constant of int64 numbers. */
  lengths(name: string, values: readonly number[]): string;
  /** `x · weightᵀ`; weights are `[in, out]` in ONNX. */
  product(x: string, name: string): string;
  weight(name: string): string;
}

function newGraph(): Graph {
  const nodes: OnnxNode[] = [];
  const constants: OnnxConstant[] = [];
  const known = new Set<string>();
  const constant = (name: string, type: OnnxType, shape: readonly number[], elements: Uint8Array): string => {
    if (!known.has(name)) constants.push({ name, type, shape, elements });
    known.add(name);
    return name;
  };
  const graph: Graph = {
    nodes,
    constants,
    node(operator, inputs, outputs, attributes = {}, domain) {
      const all = typeof outputs === "string" ? [outputs] : outputs;
      nodes.push({ operator, inputs, outputs: all, attributes, ...(domain === undefined ? {} : { domain }) });
      return all[0] ?? "";
    },
    floats: (name, shape, { buffer, byteOffset, byteLength }) =>
      constant(name, "float32", shape, new Uint8Array(buffer, byteOffset, byteLength)),
    lengths: (name, values) =>
      constant(name, "int64", [values.length], new Uint8Array(BigInt64Array.from(values, BigInt).buffer)),
    product(x, name) {
      const { shape, values } = t5Tensor(`${name}.weight`);
      const [outputs = 1, inputs = 1] = shape;
      const weight = graph.floats(`${name}.transposed`, [inputs, outputs], transposed(values, outputs, inputs));
      return graph.node("MatMul", [x, weight], `${name}.of.${x}`);
    },
    weight(name) {
      const { shape, values } = t5Tensor(`${name}.weight`);
      return graph.floats(`${name}.weight`, shape, values);
    },
  };
  return graph;
}

/** `[columns, rows]` from `[rows, columns]`; in plain loops, since there are tens of millions of elements. */
function transposed(values: Float32Array<ArrayBuffer>, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) out[column * rows + row] = values[row * columns + column] ?? 0;
  }
  return out;
}

/** A residual stream: its sum, and an update that has yet to be added to it. */
interface Stream {
  readonly sum: string;
  readonly update?: string;
}

/** The stream's sum, and its norm. */
function normed(graph: Graph, { sum, update }: Stream, name: string, spelling: Spelling) {
  const epsilon = { epsilon: { float: eps } };
  const weight = graph.weight(name);
  const y = `${name}.out`;
  if (update === undefined) {
    return { sum, y: graph.node("SimplifiedLayerNormalization", [sum, weight], y, { axis: -1, ...epsilon }) };
  }
  if (spelling === "fused") {
    const outputs = [y, "", "", `${name}.sum`];
    graph.node("SkipSimplifiedLayerNormalization", [update, sum, weight], outputs, epsilon, microsoft);
    return { sum: `${name}.sum`, y };
  }
  const added = graph.node("Add", [sum, update], `${name}.sum`);
  return { sum: added, y: graph.node("SimplifiedLayerNormalization", [added, weight], y, { axis: -1, ...epsilon }) };
}

const feed = (graph: Graph, x: string, at: string): string =>
  graph.product(graph.node("Relu", [graph.product(x, `${at}.wi`)], `${at}.hidden`), `${at}.wo`);

/** `[b, heads, t, d]` from `[b, t, heads · d]`. */
function byHead(graph: Graph, x: string, batch: number, tokens: number): string {
  const split = graph.lengths(`split ${tokens}`, [batch, tokens, heads, headWidth]);
  return graph.node("Transpose", [graph.node("Reshape", [x, split], `${x}.split`)], `${x}.heads`, {
    perm: [0, 2, 1, 3],
  });
}

/** Attention by products: queries `[b, t, heads · d]`, keys and values `[b, heads, s, d]`. */
function composed(
  graph: Graph,
  q: string,
  keys: string,
  values: string,
  bias: string,
  size: readonly [number, number],
): string {
  const [batch, tokens] = size;
  const across = graph.node("Transpose", [keys], `${q}.keys`, { perm: [0, 1, 3, 2] });
  const scores = graph.node("MatMul", [byHead(graph, q, batch, tokens), across], `${q}.scores`);
  const biased = bias ? graph.node("Add", [scores, bias], `${q}.biased`) : scores;
  const weights = graph.node("Softmax", [biased], `${q}.weights`, { axis: -1 });
  const out = graph.node("MatMul", [weights, values], `${q}.by-head`);
  const joined = graph.lengths(`joined ${tokens}`, [batch, tokens, inner]);
  const back = graph.node("Transpose", [out], `${q}.back`, { perm: [0, 2, 1, 3] });
  return graph.node("Reshape", [back, joined], `${q}.attended`);
}

const attributes = { num_heads: heads, scale: { float: 1 } };

/** From ids `[b, s]` to keys and values `[b, heads, s, d]` for every layer of the decoder. */
export function encoderModel({ count, source }: SequenceProblem, spelling: Spelling): Uint8Array<ArrayBuffer> {
  const graph = newGraph();
  const size = [count, source] as const;
  const bias = graph.floats("bias", [1, heads, source, source], encoderBias(source));
  let stream: Stream = { sum: graph.node("Gather", [graph.weight("shared"), "ids"], "words", { axis: 0 }) };
  for (let layer = 0; layer < layers; layer++) {
    const at = `encoder.block.${layer}.layer`;
    const own = normed(graph, stream, `${at}.0.layer_norm`, spelling);
    const self = `${at}.0.SelfAttention`;
    const [q, k, v] = ["q", "k", "v"].map((part) => graph.product(own.y, `${self}.${part}`)) as [
      string,
      string,
      string,
    ];
    const attended =
      spelling === "fused"
        ? graph.node("MultiHeadAttention", [q, k, v, "", "", bias], `${self}.attended`, attributes, microsoft)
        : composed(graph, q, byHead(graph, k, ...size), byHead(graph, v, ...size), bias, size);
    stream = { sum: own.sum, update: graph.product(attended, `${self}.o`) };
    const last = normed(graph, stream, `${at}.1.layer_norm`, spelling);
    stream = { sum: last.sum, update: feed(graph, last.y, `${at}.1.DenseReluDense`) };
  }
  const { y } = normed(graph, stream, "encoder.final_layer_norm", spelling);
  const outputs: string[] = [];
  for (let layer = 0; layer < layers; layer++) {
    for (const [part, of] of [
      ["k", "keys"],
      ["v", "values"],
    ] as const) {
      const rows = byHead(graph, graph.product(y, `decoder.block.${layer}.layer.1.EncDecAttention.${part}`), ...size);
      outputs.push(graph.node("Identity", [rows], `cross.${of}.${layer}`));
    }
  }
  return onnxModel({
    name: "encoder",
    nodes: graph.nodes,
    constants: graph.constants,
    inputs: [{ name: "ids", type: "int32", shape: size }],
    outputs: outputs.map((name) => ({ name, type: "float32", shape: [count, heads, source, headWidth] })),
  });
}

/**
 * From one token of each text, the keys and values of the tokens before it and those of the sources, to the next token.
 */
export function decoderModel({ count, source }: SequenceProblem, spelling: Spelling): Uint8Array<ArrayBuffer> {
  const graph = newGraph();
  const size = [count, 1] as const;
  const names = ["keys", "values"] as const;
  let stream: Stream = { sum: graph.node("Gather", [graph.weight("shared"), "token"], "words", { axis: 0 }) };
  for (let layer = 0; layer < layers; layer++) {
    const at = `decoder.block.${layer}.layer`;
    const [self, cross] = [`${at}.0.SelfAttention`, `${at}.1.EncDecAttention`];
    const own = normed(graph, stream, `${at}.0.layer_norm`, spelling);
    const [q, k, v] = ["q", "k", "v"].map((part) => graph.product(own.y, `${self}.${part}`)) as [
      string,
      string,
      string,
    ];
    const past = names.map((name) => `${name}.${layer}`);
    const [keys, values] = past.map((name) => `grown.${name}`) as [string, string];
    let attended = `${self}.attended`;
    if (spelling === "fused") {
      const given = [q, k, v, "", "", "bias", ...past];
      graph.node("MultiHeadAttention", given, [attended, keys, values], attributes, microsoft);
    } else {
      for (const [i, fresh] of [k, v].entries()) {
        graph.node("Concat", [past[i] ?? "", byHead(graph, fresh, ...size)], `grown.${past[i]}`, { axis: 2 });
      }
      attended = composed(graph, q, keys, values, "bias", size);
    }
    stream = { sum: own.sum, update: graph.product(attended, `${self}.o`) };
    const second = normed(graph, stream, `${at}.1.layer_norm`, spelling);
    const query = graph.product(second.y, `${cross}.q`);
    const [crossKeys, crossValues] = names.map((name) => `cross.${name}.${layer}`) as [string, string];
    const read =
      spelling === "fused"
        ? graph.node("MultiHeadAttention", [query, crossKeys, crossValues], `${cross}.attended`, attributes, microsoft)
        : composed(graph, query, crossKeys, crossValues, "", size);
    stream = { sum: second.sum, update: graph.product(read, `${cross}.o`) };
    const last = normed(graph, stream, `${at}.2.layer_norm`, spelling);
    stream = { sum: last.sum, update: feed(graph, last.y, `${at}.2.DenseReluDense`) };
  }
  const { y } = normed(graph, stream, "decoder.final_layer_norm", spelling);
  const best = graph.node("ArgMax", [graph.product(y, "lm_head")], "best", { axis: -1, keepdims: 0 });
  graph.node("Cast", [best], "next", { to: onnxType("int32") });
  const perLayer = (name: string, tokens: number | string) =>
    Array.from({ length: layers }, (_, layer) =>
      names.map((part) => ({
        name: `${name}${part}.${layer}`,
        type: "float32" as const,
        shape: [count, heads, tokens, headWidth],
      })),
    ).flat();
  return onnxModel({
    name: "decoder",
    nodes: graph.nodes,
    constants: graph.constants,
    inputs: [
      { name: "token", type: "int32", shape: size },
      { name: "bias", type: "float32", shape: [1, heads, 1, "seen"] },
      ...perLayer("", "past"),
      ...perLayer("cross.", source),
    ],
    outputs: [{ name: "next", type: "int32", shape: size }, ...perLayer("grown.", "seen")],
  });
}

/** The bias of all tokens' scores `[heads, s, s]`. */
function encoderBias(tokens: number): Float32Array<ArrayBuffer> {
  const { values } = t5Tensor("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
  return Float32Array.from({ length: heads * tokens * tokens }, (_, i) => {
    const [head, query, key] = [Math.floor(i / tokens ** 2), Math.floor(i / tokens) % tokens, i % tokens];
    return values[t5Bucket(key - query, t5Small, true) * heads + head] ?? 0;
  });
}
