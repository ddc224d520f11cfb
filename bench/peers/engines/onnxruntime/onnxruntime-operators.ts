import {
  type ArrayProblem,
  type AttentionProblem,
  attentionInputs,
  type MatmulProblem,
  matmulInputs,
  type RowsProblem,
  rowsEps,
  rowsInputs,
  swapped,
} from "../../problems.ts";
import type { Prepared } from "../engine.ts";
import { block } from "./onnxruntime-block.ts";
import { type Place, prepared } from "./onnxruntime-session.ts";

/** The operators with which onnxruntime-web's users compute this. */
export function waysOf(place: Place, problem: ArrayProblem): (() => Promise<Prepared>)[] {
  if (problem.op === "matmul") return [() => product(place, problem)];
  if (problem.op === "block") return [() => block(place, problem)];
  if (problem.op !== "attention") return [() => overRows(place, problem)];
  if (problem.group.t === 1) return [() => decode(place, problem)];
  const grouped = () => prefill(place, problem, "GroupQueryAttention");
  if (problem.heads.g !== problem.heads.h) return [grouped];
  return [grouped, () => prefill(place, problem, "MultiHeadAttention")];
}

const domain = "com.microsoft";

/** Queries, keys and values by tokens, `[1, length, heads · width]`; GroupQueryAttention also writes the cache. */
function prefill(place: Place, problem: AttentionProblem, operator: "GroupQueryAttention" | "MultiHeadAttention") {
  const { t, s } = problem.group;
  const { h, g, d } = problem.heads;
  const values = attentionInputs(problem);
  const given = { q: [1, t, h * d], k: [1, s, g * d], v: [1, s, g * d] };
  const data = { q: values.q, k: swapped(values.k, g, s, d), v: swapped(values.v, g, s, d) };
  if (operator === "MultiHeadAttention") {
    return prepared(place, {
      operator,
      domain,
      attributes: { num_heads: h, unidirectional: 1 },
      given,
      data,
      results: { y: [1, t, h * d] },
    });
  }
  return prepared(place, {
    operator,
    domain,
    attributes: { num_heads: h, kv_num_heads: g },
    inputs: ["q", "k", "v", "", "", "last", "length"],
    given,
    data,
    results: { y: [1, t, h * d], keys: [1, g, s, d], values: [1, g, s, d] },
    constants: [
      { name: "last", shape: [1], values: [s - 1] },
      { name: "length", shape: [], values: [s] },
    ],
  });
}

/**
 * The last token's key and value come with the query; the others are in a cache, to which the operator appends in
 * place.
 */
function decode(place: Place, problem: AttentionProblem) {
  const { s } = problem.group;
  const { h, g, d } = problem.heads;
  const { q, k, v } = attentionInputs(problem);
  const lastToken = (cache: Float32Array<ArrayBuffer>) => swapped(cache, g, s, d).slice((s - 1) * g * d);
  const cache = [1, g, s, d];
  return prepared(place, {
    operator: "GroupQueryAttention",
    domain,
    attributes: { num_heads: h, kv_num_heads: g },
    inputs: ["q", "k", "v", "pastKeys", "pastValues", "last", "length"],
    given: { q: [1, 1, h * d], k: [1, 1, g * d], v: [1, 1, g * d], pastKeys: cache, pastValues: cache },
    data: { q, k: lastToken(k), v: lastToken(v), pastKeys: k, pastValues: v },
    results: { y: [1, 1, h * d], keys: cache, values: cache },
    inPlace: { keys: "pastKeys", values: "pastValues" },
    constants: [
      { name: "last", shape: [1], values: [s - 1] },
      { name: "length", shape: [], values: [s] },
    ],
  });
}

function product(place: Place, problem: MatmulProblem) {
  const { m, k, n } = problem;
  const { x, weight } = matmulInputs(problem);
  return prepared(place, {
    operator: "MatMul",
    given: { a: [m, k], b: [k, n] },
    data: { a: x, b: swapped(weight, n, k, 1) },
    results: { y: [m, n] },
  });
}

/** Softmax and norms are operators of onnxruntime-web; RMS norm is `SimplifiedLayerNormalization`. */
function overRows(place: Place, problem: RowsProblem) {
  const { rows, cols } = problem;
  const { x, weight, bias } = rowsInputs(problem);
  const results = { y: [rows, cols] };
  if (problem.op === "softmax") {
    return prepared(place, {
      operator: "Softmax",
      attributes: { axis: -1 },
      given: { x: [rows, cols] },
      data: { x },
      results,
    });
  }
  const attributes = { axis: -1, epsilon: { float: rowsEps } };
  const given = { x: [rows, cols], weight: [cols] };
  if (problem.op === "rms-norm") {
    return prepared(place, {
      operator: "SimplifiedLayerNormalization",
      attributes,
      given,
      data: { x, weight },
      results,
    });
  }
  return prepared(place, {
    operator: "LayerNormalization",
    attributes,
    given: { ...given, bias: [cols] },
    data: { x, weight, bias },
    results,
  });
}
