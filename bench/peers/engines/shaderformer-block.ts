import {
  add,
  type BlockWeights,
  type Gpu,
  type Linear,
  layerNorm,
  type Norm,
  rmsNorm,
  softmax,
  type Tensor,
  transformerBlock,
  upload,
} from "../../../src/index.ts";
import { type BlockValues, blockValues, cacheOf, gpt2Small, type LinearValues, type NormValues } from "../block.ts";
import { type BlockProblem, type RowsProblem, rowsEps, rowsInputs } from "../problems.ts";

/** A function to record, with the tensors that it reads. */
export interface RecordedBlock {
  readonly record: () => Tensor;
  readonly inputs: readonly Tensor[];
}

/** Softmax or a norm. */
export function rowsOp(gpu: Gpu, problem: RowsProblem): RecordedBlock {
  const { op, rows, cols } = problem;
  const values = rowsInputs(problem);
  const x = upload(gpu, [rows, cols], "f32", values.x, "x");
  if (op === "softmax") return { record: () => softmax(gpu, { x }).y, inputs: [x] };
  const weight = upload(gpu, [cols], "f32", values.weight, "weight");
  const options = { eps: rowsEps };
  if (op === "rms-norm") return { record: () => rmsNorm(gpu, { x, weight }, options).y, inputs: [x, weight] };
  const bias = upload(gpu, [cols], "f32", values.bias, "bias");
  return { record: () => layerNorm(gpu, { x, weight, bias }, options).y, inputs: [x, weight, bias] };
}

/** Makes a tensor of a block, in f32 and of this shape. */
type Given = (shape: readonly number[], of: Float32Array<ArrayBuffer>, name: string) => Tensor;

/** The weights of a block, each made by `given`. */
export function blockWeights(values: BlockValues, given: Given): BlockWeights {
  const { c, eps } = gpt2Small;
  const linear = ({ weight, bias, out, in: inner }: LinearValues): Linear => ({
    weight: given([out, inner], weight, "weight"),
    bias: given([out], bias, "bias"),
  });
  const norm = ({ weight, bias }: NormValues): Norm => ({
    kind: "layer",
    weight: given([c], weight, "norm weight"),
    bias: given([c], bias, "norm bias"),
    eps,
  });
  return {
    attentionNorm: norm(values.norms[0]),
    attention: {
      q: linear(values.q),
      k: linear(values.k),
      v: linear(values.v),
      output: linear(values.output),
    },
    feedForwardNorm: norm(values.norms[1]),
    feedForward: { up: linear(values.up), down: linear(values.down) },
  };
}

/** The block of a model, with a cache to which it appends, and the addition that a model leaves to the next norm. */
export function blockOp(gpu: Gpu, problem: BlockProblem): RecordedBlock {
  const { t, s } = problem;
  const { c, h, d } = gpt2Small;
  const values = blockValues(problem);
  const inputs: Tensor[] = [];
  const given: Given = (shape, of, name) => {
    const tensor = upload(gpu, shape, "f32", of, name);
    inputs.push(tensor);
    return tensor;
  };
  const kept = (of: Float32Array<ArrayBuffer>) => given([1, h, s, d], cacheOf(problem, of), "cache");
  const x = given([1, t, c], values.x, "x");
  const cache = { keys: kept(values.keys), values: kept(values.values) };
  const weights = blockWeights(values, given);
  const shape = { heads: h, kvHeads: h, headWidth: d, activation: "gelu-tanh" } as const;
  const place = { start: s - t };
  const record = () => {
    const { sum, update } = transformerBlock(gpu, "block", { sum: x }, { cache, place, visible: s }, weights, shape);
    return update ? add(gpu, { a: sum, b: update }).y : sum;
  };
  return { record, inputs };
}
