import { type OnnxAttribute, type OnnxConstant, type OnnxNode, onnxModel } from "../../../harness/onnx.ts";
import { encoderTensor, miniLm, type PaddedBatch, paddedBatch } from "../../encoder.ts";
import { type EncoderProblem, swapped } from "../../problems.ts";
import type { Prepared } from "../engine.ts";
import type { Ort } from "./onnxruntime-session.ts";

const microsoft = "com.microsoft";

/** How attention is written: as one operator, or as model exporters write it. */
const spellings = {
  fused: "MultiHeadAttention, SkipLayerNormalization, BiasGelu",
  composed: "MatMul, Softmax",
} as const;
type Spelling = keyof typeof spellings;

/**
 * The encoder as a model of ONNX Runtime, pooling and normalization included, in both spellings: ids come from this
 * page and vectors return to it, as with the other engines.
 */
export const encoderWays = (ort: Ort, options: object, problem: EncoderProblem): (() => Promise<Prepared>)[] =>
  (["fused", "composed"] as const).map((spelling) => () => encoder(ort, options, problem, spelling));

async function encoder(ort: Ort, options: object, problem: EncoderProblem, spelling: Spelling): Promise<Prepared> {
  const batch = paddedBatch(problem);
  const session = await ort.InferenceSession.create(encoderModel(batch, spelling), options);
  const { texts, tokens, ids, masked, shares, even } = batch;
  const feeds = {
    ids: new ort.Tensor("int32", ids, [texts, tokens]),
    shares: new ort.Tensor("float32", shares, [texts, 1, tokens]),
    ...(even ? {} : { masked: new ort.Tensor("float32", masked, [texts, 1, 1, tokens]) }),
  };
  let vectors: ArrayLike<number> = [];
  return {
    variant: spellings[spelling],
    run: async () => {
      const { y } = await session.run(feeds);
      vectors = y?.data ?? [];
    },
    settle: async () => {},
    read: async () => vectors,
    dispose: () => session.release(),
  };
}

/** The bytes of the model for a batch of this size. */
export function encoderModel(batch: PaddedBatch, spelling: Spelling): Uint8Array<ArrayBuffer> {
  const { texts, tokens, even } = batch;
  const { width } = miniLm;
  const constants: OnnxConstant[] = [];
  const nodes = graph(batch, spelling, constants);
  const value = (name: string, type: "int32" | "float32", shape: readonly number[]) => ({ name, type, shape });
  return onnxModel({
    name: "encoder",
    nodes,
    constants,
    inputs: [
      value("ids", "int32", [texts, tokens]),
      value("shares", "float32", [texts, 1, tokens]),
      ...(even ? [] : [value("masked", "float32", [texts, 1, 1, tokens])]),
    ],
    outputs: [value("y", "float32", [texts, 1, width])],
  });
}

function graph({ texts, tokens, even }: PaddedBatch, spelling: Spelling, constants: OnnxConstant[]): OnnxNode[] {
  const { width, heads, layers, eps } = miniLm;
  const d = width / heads;
  const nodes: OnnxNode[] = [];
  const node = (
    operator: string,
    inputs: readonly string[],
    output: string,
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    domain?: string,
  ): string => {
    nodes.push({ operator, inputs, outputs: [output], attributes, ...(domain === undefined ? {} : { domain }) });
    return output;
  };
  const floats = (name: string, shape: readonly number[], values: Float32Array<ArrayBuffer>): string => {
    const elements = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    constants.push({ name, type: "float32", shape, elements });
    return name;
  };
  const lengths = (name: string, values: readonly number[]): string => {
    const elements = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    constants.push({ name, type: "int64", shape: [values.length], elements });
    return name;
  };
  const vector = (name: string): string => floats(name, encoderTensor(name).shape, encoderTensor(name).values);
  /** Without its bias; weights are `[in, out]` in ONNX. */
  const product = (x: string, name: string): string => {
    const { shape, values } = encoderTensor(`${name}.weight`);
    const [outputs = 1, inputs = 1] = shape;
    const weight = floats(`${name}.weight`, [inputs, outputs], swapped(values, outputs, inputs, 1));
    return node("MatMul", [x, weight], `${name}.product`);
  };
  const linear = (x: string, name: string): string =>
    node("Add", [product(x, name), vector(`${name}.bias`)], `${name}.out`);

  const embeddings = "embeddings";
  const table = (name: string) => encoderTensor(`${embeddings}.${name}_embeddings.weight`);
  const rows = node("Gather", [vector(`${embeddings}.word_embeddings.weight`), "ids"], "words", { axis: 0 });
  // Positions are the same in every batch, and all types are 0: their sum is a constant.
  const [positions, types] = [table("position").values, table("token_type").values];
  const places = Float32Array.from(
    { length: tokens * width },
    (_, i) => Number(positions[i]) + Number(types[i % width]),
  );
  const sum = node("Add", [rows, floats("places", [tokens, width], places)], "embedded");
  const norm = (name: string) => [vector(`${name}.weight`), vector(`${name}.bias`)];
  let x = node("LayerNormalization", [sum, ...norm(`${embeddings}.LayerNorm`)], "normed", {
    axis: -1,
    epsilon: { float: eps },
  });
  const bias = even
    ? ""
    : node("Add", ["masked", floats("zeros", [1, 1, tokens, 1], new Float32Array(tokens))], "attention bias");
  const split = spelling === "composed" ? lengths("split", [texts, tokens, heads, d]) : "";
  const joined = spelling === "composed" ? lengths("joined", [texts, tokens, width]) : "";
  const scale = spelling === "composed" ? floats("scale", [1], Float32Array.of(1 / Math.sqrt(d))) : "";

  /** The sum of two states and a bias, normed. */
  const addAndNorm = (update: string, of: string, name: string, at: string): string => {
    const given = [update, x, ...norm(name), vector(`${of}.bias`)];
    return node("SkipLayerNormalization", given, at, { epsilon: { float: eps } }, microsoft);
  };
  for (let layer = 0; layer < layers; layer++) {
    const at = `encoder.layer.${layer}`;
    const [q, k, v] = ["query", "key", "value"].map((part) => linear(x, `${at}.attention.self.${part}`)) as [
      string,
      string,
      string,
    ];
    let attended = `${at}.attended`;
    if (spelling === "fused") {
      const given = [q, k, v, "", "", ...(bias ? [bias] : [])];
      node("MultiHeadAttention", given, attended, { num_heads: heads }, microsoft);
    } else {
      const byHead = (y: string, perm: readonly number[]) =>
        node("Transpose", [node("Reshape", [y, split], `${y}.split`)], `${y}.heads`, { perm });
      const scores = node("MatMul", [byHead(q, [0, 2, 1, 3]), byHead(k, [0, 2, 3, 1])], `${at}.scores`);
      const scaled = node("Mul", [scores, scale], `${at}.scaled`);
      const seen = bias ? node("Add", [scaled, bias], `${at}.seen`) : scaled;
      const weights = node("Softmax", [seen], `${at}.weights`, { axis: -1 });
      const out = node("MatMul", [weights, byHead(v, [0, 2, 1, 3])], `${at}.by-head`);
      attended = node("Reshape", [node("Transpose", [out], `${out}.back`, { perm: [0, 2, 1, 3] }), joined], attended);
    }
    const output = `${at}.attention.output`;
    x = addAndNorm(product(attended, `${output}.dense`), `${output}.dense`, `${output}.LayerNorm`, `${at}.between`);
    const up = `${at}.intermediate.dense`;
    const hidden = node("BiasGelu", [product(x, up), vector(`${up}.bias`)], `${at}.hidden`, {}, microsoft);
    x = addAndNorm(product(hidden, `${at}.output.dense`), `${at}.output.dense`, `${at}.output.LayerNorm`, `${at}.x`);
  }
  const mean = node("MatMul", ["shares", x], "mean");
  const length = node("ReduceL2", [mean], "length", { axes: [-1], keepdims: 1 });
  node("Div", [mean, length], "y");
  return nodes;
}
