// The encoder as plain f32 loops, every operation rounded, for comparing errors: tight loops, since the checks'
// emulations, which work for any sum, would need minutes.
import { erfc } from "../../src/reference/activation.ts";
import { encoderTensor, miniLm } from "./encoder.ts";

type Values = Float32Array<ArrayBuffer>;

const f = Math.fround;

/** The states of a text's tokens after the last layer, `[t, c]`. */
export function statesInF32(ids: readonly number[]): Values {
  const { width, layers } = miniLm;
  const [words, positions, types] = ["word", "position", "token_type"].map(
    (name) => encoderTensor(`embeddings.${name}_embeddings.weight`).values,
  ) as [Values, Values, Values];
  const sum = new Float32Array(ids.length * width);
  for (const [row, id] of ids.entries()) {
    for (let j = 0; j < width; j++) {
      const both = f(Number(words[id * width + j]) + Number(positions[row * width + j]));
      sum[row * width + j] = f(both + Number(types[j]));
    }
  }
  let x = normed(sum, "embeddings.LayerNorm");
  for (let layer = 0; layer < layers; layer++) {
    const at = `encoder.layer.${layer}`;
    const [q, k, v] = ["query", "key", "value"].map((part) => linear(x, `${at}.attention.self.${part}`)) as [
      Values,
      Values,
      Values,
    ];
    const attended = linear(attention(q, k, v), `${at}.attention.output.dense`);
    x = normed(added(x, attended), `${at}.attention.output.LayerNorm`);
    const hidden = linear(x, `${at}.intermediate.dense`).map((u) => f(f(u / 2) * f(erfc(f(-u * f(Math.SQRT1_2))))));
    x = normed(added(x, linear(hidden, `${at}.output.dense`)), `${at}.output.LayerNorm`);
  }
  return x;
}

const added = (a: Values, b: Values): Values => a.map((value, i) => f(value + Number(b[i])));

/** `x · weightᵀ + bias`. */
function linear(x: Values, name: string): Values {
  const { values: weight, shape } = encoderTensor(`${name}.weight`);
  const { values: bias } = encoderTensor(`${name}.bias`);
  const [n = 1, k = 1] = shape;
  const y = new Float32Array((x.length / k) * n);
  for (let i = 0; i < y.length; i++) {
    const [row, output] = [Math.floor(i / n), i % n];
    y[i] = f(dot(x, row * k, 1, weight, output * k, 1, k) + Number(bias[output]));
  }
  return y;
}

function dot(a: Values, atA: number, stepA: number, b: Values, atB: number, stepB: number, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum = f(sum + f((a[atA + i * stepA] as number) * (b[atB + i * stepB] as number)));
  return sum;
}

function normed(x: Values, name: string): Values {
  const { width, eps } = miniLm;
  const [weight, bias] = [encoderTensor(`${name}.weight`).values, encoderTensor(`${name}.bias`).values];
  const y = new Float32Array(x.length);
  for (let at = 0; at < x.length; at += width) {
    const row = x.subarray(at, at + width);
    const mean = f(row.reduce((sum, value) => f(sum + value), 0) / width);
    const centred = row.map((value) => f(value - mean));
    const variance = f(dot(centred, 0, 1, centred, 0, 1, width) / width);
    const root = f(Math.sqrt(f(variance + f(eps))));
    for (let j = 0; j < width; j++)
      y[at + j] = f(f(f(Number(centred[j]) / root) * Number(weight[j])) + Number(bias[j]));
  }
  return y;
}

/** Every token attends to every token. */
function attention(q: Values, k: Values, v: Values): Values {
  const { width, heads } = miniLm;
  const d = width / heads;
  const t = q.length / width;
  const scale = f(1 / Math.sqrt(d));
  const out = new Float32Array(q.length);
  const weights = new Float32Array(t);
  for (let row = 0; row < t; row++) {
    for (let at = 0; at < width; at += d) {
      for (let key = 0; key < t; key++)
        weights[key] = f(dot(q, row * width + at, 1, k, key * width + at, 1, d) * scale);
      const most = weights.reduce((a, b) => Math.max(a, b));
      for (let key = 0; key < t; key++) weights[key] = f(Math.exp(f(Number(weights[key]) - most)));
      const sum = weights.reduce((a, b) => f(a + b), 0);
      for (let j = 0; j < d; j++) out[row * width + at + j] = f(dot(weights, 0, 1, v, at + j, width, t) / sum);
    }
  }
  return out;
}
