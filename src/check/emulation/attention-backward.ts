// The gradients of attention as plain f32 loops: the weights of a row from its log-sum-exp, then products key by key.
import {
  type AttentionBackwardOptions,
  lowestScore,
  type attentionBackward as Reference,
} from "../../reference/attention/attention.ts";
import { ofRow } from "../../reference/attention/masks.ts";
import { at, axes, type Dense, dense } from "../../reference/dense.ts";

const f = Math.fround;

type Tensors = Parameters<typeof Reference>[0];

/** As `src/reference/attention/attention.ts`, every operation rounded; a score function's result is rounded. */
export function attentionBackward(
  tensors: Tensors,
  options: AttentionBackwardOptions = {},
): ReturnType<typeof Reference> {
  const { q, k, v, out, lse, dout } = tensors;
  const sizes = axes("attentionBackward", { q, k, v }, { q: "b h t d", k: "b g s d", v: "b g s dv" });
  const { b, h, t, d, g, s, dv: width } = sizes;
  const {
    mask = () => true,
    score = (value: number) => value,
    derivative = () => 1,
    length = s,
    sink,
    dropout = () => 1,
    scoreTensors: read = [],
  } = options;
  const scale = f(options.scale ?? 1 / Math.sqrt(d));
  const [dq, dk, dv] = [dense(q.shape), dense(k.shape), dense(v.shape)];
  const dsink = sink ? dense(sink.shape) : undefined;
  const dscores = read.map(({ shape }) => dense(shape));
  const dot = (a: Dense, first: number, other: Dense, second: number, count: number) => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum = f(sum + f(at(a.values, first + i) * at(other.values, second + i)));
    return sum;
  };
  const add = (into: Dense, first: number, count: number, factor: number, from: Dense, second: number) => {
    for (let i = 0; i < count; i++) {
      into.values[first + i] = f(at(into.values, first + i) + f(factor * at(from.values, second + i)));
    }
  };
  for (let query = 0; query < b * h * t; query++) {
    const [batch, head, row] = [Math.floor(query / (h * t)), Math.floor(query / t) % h, query % t];
    const group = batch * g + Math.floor(head / (h / g));
    const keys = ofRow(length, batch);
    const position = (options.start === undefined ? keys - t : ofRow(options.start, batch)) + row;
    const sum = at(lse.values, query);
    const delta = dot(out, query * width, dout, query * width, width);
    for (let key = 0; key < keys; key++) {
      if (!mask(batch, head, position, key)) continue;
      const pair = group * s + key;
      const product = f(scale * dot(q, query * d, k, pair * d, d));
      const value = f(score(product, batch, head, position, key));
      if (value <= lowestScore) continue;
      const weight = f(Math.exp(f(value - sum)));
      const dweight = dot(dout, query * width, v, pair * width, width);
      const moved = f(scale * f(derivative(product, batch, head, position, key)));
      const kept = f(dropout(batch, head, position, key));
      const dscore = f(weight * f(f(dweight * kept) - delta));
      const dproduct = f(dscore * moved);
      add(dq, query * d, d, dproduct, k, pair * d);
      add(dk, pair * d, d, dproduct, q, query * d);
      add(dv, pair * width, width, f(weight * kept), dout, query * width);
      for (const [i, { element, slope }] of read.entries()) {
        const { values } = dscores[i] as Dense;
        const index = element(batch, head, position, key);
        if (index < 0 || index >= values.length) continue;
        values[index] = f(at(values, index) + f(dscore * f(slope(product, batch, head, position, key))));
      }
    }
    if (sink && dsink && sum !== Number.NEGATIVE_INFINITY) {
      const weight = f(Math.exp(f(at(sink.values, head) - sum)));
      dsink.values[head] = f(at(dsink.values, head) - f(weight * delta));
    }
  }
  return { dq, dk, dv, ...(dsink ? { dsink } : {}), ...(read.length > 0 ? { dscore: dscores } : {}) };
}
