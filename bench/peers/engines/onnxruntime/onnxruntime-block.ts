import { type OnnxAttribute, type OnnxConstant, type OnnxNode, onnxModel } from "../../../harness/onnx.ts";
import { blockValues, cacheOf, gpt2Small, type LinearValues } from "../../block.ts";
import { type BlockProblem, swapped } from "../../problems.ts";
import type { Prepared } from "../engine.ts";
import { type Place, preparedModel } from "./onnxruntime-session.ts";

const domain = "com.microsoft";

/**
 * The block as model exporters write it: queries, keys and values from one product, GroupQueryAttention, which writes
 * the cache (in place if there is one), and FastGelu. Weights are constants of the model.
 */
export function block(place: Place, problem: BlockProblem): Promise<Prepared> {
  const { t, s } = problem;
  const { c, h, d, eps } = gpt2Small;
  const values = blockValues(problem);
  const cache = [1, h, s, d];
  const results = { y: [1, t, c], keys: cache, values: cache };
  const isStep = s > t;
  const data = {
    x: values.x,
    ...(isStep ? { pastKeys: cacheOf(problem, values.keys), pastValues: cacheOf(problem, values.values) } : {}),
  };
  const given = { x: [1, t, c], ...(isStep ? { pastKeys: cache, pastValues: cache } : {}) };
  const value = (name: string, shape: readonly number[]) => ({ name, type: "float32", shape }) as const;
  const model = onnxModel({
    name: "block",
    nodes: nodes(isStep, h, eps),
    constants: [
      ...values.norms.flatMap(({ weight, bias }, i) => [
        floats(`norm${i}`, weight, [c]),
        floats(`normBias${i}`, bias, [c]),
      ]),
      ...projection("qkv", joined([values.q, values.k, values.v])),
      ...projection("out", values.output),
      ...projection("up", values.up),
      ...projection("down", values.down),
      { name: "last", type: "int32", shape: [1], elements: [s - 1] },
      { name: "length", type: "int32", shape: [], elements: [s] },
    ],
    inputs: Object.entries(given).map(([name, shape]) => value(name, shape)),
    outputs: Object.entries(results).map(([name, shape]) => value(name, shape)),
  });
  return preparedModel(place, "MatMul, GroupQueryAttention, FastGelu", model, {
    given,
    data,
    results,
    inPlace: isStep ? { keys: "pastKeys", values: "pastValues" } : {},
  });
}

const node = (
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, OnnxAttribute>> = {},
  of?: string,
): OnnxNode => ({ operator, inputs, outputs, attributes, ...(of ? { domain: of } : {}) });

/** A product with its bias. */
const linear = (x: string, name: string): readonly OnnxNode[] => [
  node("MatMul", [x, `${name}Weight`], [`${name}Product`]),
  node("Add", [`${name}Product`, `${name}Bias`], [name]),
];

function nodes(isStep: boolean, heads: number, eps: number): OnnxNode[] {
  const norm = { axis: -1, epsilon: { float: eps } };
  const [keys, values] = isStep ? ["pastKeys", "pastValues"] : ["", ""];
  return [
    node("LayerNormalization", ["x", "norm0", "normBias0"], ["before"], norm),
    ...linear("before", "qkv"),
    node(
      "GroupQueryAttention",
      ["qkv", "", "", keys, values, "last", "length"],
      ["attended", "keys", "values"],
      { num_heads: heads, kv_num_heads: heads },
      domain,
    ),
    ...linear("attended", "out"),
    node("Add", ["out", "x"], ["between"]),
    node("LayerNormalization", ["between", "norm1", "normBias1"], ["after"], norm),
    ...linear("after", "up"),
    node("FastGelu", ["up"], ["hidden"], {}, domain),
    ...linear("hidden", "down"),
    node("Add", ["down", "between"], ["y"]),
  ];
}

const floats = (name: string, values: Float32Array<ArrayBuffer>, shape: readonly number[]): OnnxConstant => ({
  name,
  type: "float32",
  shape,
  elements: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
});

/** The constants of a projection; weights are `[in, out]` in ONNX. */
const projection = (name: string, { weight, bias, out, in: inner }: LinearValues): OnnxConstant[] => [
  floats(`${name}Weight`, swapped(weight, out, inner, 1), [inner, out]),
  floats(`${name}Bias`, bias, [out]),
];

/** Projections of the same input, merged into one. */
function joined(all: readonly LinearValues[]): LinearValues {
  const concat = (parts: readonly Float32Array[]) => Float32Array.from(parts.flatMap((part) => [...part]));
  return {
    weight: concat(all.map(({ weight }) => weight)),
    bias: concat(all.map(({ bias }) => bias)),
    out: all.reduce((sum, { out }) => sum + out, 0),
    in: all[0]?.in ?? 0,
  };
}
