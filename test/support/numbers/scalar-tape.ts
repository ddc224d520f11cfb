// Reverse-mode differentiation of scalars in float64, for references of whole trainings at tiny sizes.

import { erf } from "../../../src/reference/activation.ts";
import { type Dense, dense } from "../../../src/reference/dense.ts";
import { adamW, gradientNorm } from "../../../src/reference/optimizers.ts";

/** A number that a gradient reaches: its index on the tape. */
export type Scalar = number & { readonly scalar: true };
/** Rows of scalars. */
export type Rows = readonly (readonly Scalar[])[];

/** Numbers, how each came of two others, and their gradients. */
export interface Tape {
  readonly of: (value: number) => Scalar;
  readonly value: (scalar: Scalar) => number;
  readonly add: (a: Scalar, b: Scalar) => Scalar;
  readonly mul: (a: Scalar, b: Scalar) => Scalar;
  /** A function with its value and derivative. */
  readonly apply: (a: Scalar, f: (x: number) => readonly [y: number, slope: number]) => Scalar;
  /** The gradients of a scalar, by the indices of all. */
  readonly gradients: (of: Scalar) => Float64Array;
}

/** An empty tape. */
export function createTape(): Tape {
  const values: number[] = [];
  const sources: number[] = []; // two of each, with the slopes towards them
  const slopes: number[] = [];
  const push = (value: number, a = 0, da = 0, b = 0, db = 0): Scalar => {
    sources.push(a, b);
    slopes.push(da, db);
    return (values.push(value) - 1) as Scalar;
  };
  const value = (scalar: number) => values[scalar] ?? Number.NaN;
  return {
    of: (given) => push(given),
    value,
    add: (a, b) => push(value(a) + value(b), a, 1, b, 1),
    mul: (a, b) => push(value(a) * value(b), a, value(b), b, value(a)),
    apply: (a, f) => {
      const [y, slope] = f(value(a));
      return push(y, a, slope);
    },
    gradients: (of) => {
      const found = new Float64Array(values.length);
      found[of] = 1;
      for (let i = of as number; i >= 0; i--) {
        const dy = found[i] ?? 0;
        if (dy === 0) continue;
        for (const side of [2 * i, 2 * i + 1]) {
          const to = sources[side] ?? 0;
          if (slopes[side] !== 0) found[to] = (found[to] ?? 0) + dy * (slopes[side] ?? 0);
        }
      }
      return found;
    },
  };
}

/** What models are made of. */
export function blocksOf(tape: Tape) {
  const { of, value, add, mul, apply } = tape;
  const zero = of(0);
  const sum = (all: readonly Scalar[]) => all.reduce((a, b) => add(a, b), zero);
  const scaled = (x: Scalar, by: number) => apply(x, (given) => [given * by, by]);
  const dot = (a: readonly Scalar[], b: readonly Scalar[]) => sum(a.map((one, i) => mul(one, b[i] ?? zero)));
  const added = (a: Rows, b: Rows): Rows => a.map((row, r) => row.map((one, i) => add(one, b[r]?.[i] ?? zero)));
  const each = (x: Rows, f: (given: number) => readonly [number, number]): Rows =>
    x.map((row) => row.map((one) => apply(one, f)));
  const softmax = (scores: readonly Scalar[]) => {
    const most = Math.max(...scores.map(value));
    const powers = scores.map((score) => apply(score, (x) => [Math.exp(x - most), Math.exp(x - most)]));
    const inverse = apply(sum(powers), (x) => [1 / x, -1 / (x * x)]);
    return powers.map((power) => mul(power, inverse));
  };
  return {
    sum,
    scaled,
    dot,
    added,
    each,
    softmax,
    zero,
    /** `x · Wᵀ + b`. */
    linear: (x: Rows, weight: Rows, bias?: readonly Scalar[]): Rows =>
      x.map((row) => weight.map((column, o) => add(dot(row, column), bias?.[o] ?? zero))),
    layerNorm: (x: Rows, weight: readonly Scalar[], bias: readonly Scalar[], eps: number): Rows =>
      x.map((row) => {
        const mean = scaled(sum(row), -1 / row.length);
        const centred = row.map((one) => add(one, mean));
        const variance = scaled(dot(centred, centred), 1 / row.length);
        const factor = apply(variance, (v) => [(v + eps) ** -0.5, -0.5 * (v + eps) ** -1.5]);
        return centred.map((one, i) => add(mul(mul(one, factor), weight[i] ?? zero), bias[i] ?? zero));
      }),
    /** Heads of attention of queries over keys and values, each a row for each position. */
    attention: (q: Rows, k: Rows, v: Rows, heads: number, isCausal: boolean): Rows => {
      const width = (q[0]?.length ?? 0) / heads;
      return q.map((query, i) =>
        Array.from({ length: heads }, (_, head) => {
          const part = (row: readonly Scalar[] = []) => row.slice(head * width, (head + 1) * width);
          const seen = isCausal ? i + 1 : k.length;
          const scores = k.slice(0, seen).map((key) => scaled(dot(part(query), part(key)), width ** -0.5));
          const shares = softmax(scores);
          return Array.from({ length: width }, (_, d) =>
            sum(shares.map((share, s) => mul(share, v[s]?.[head * width + d] ?? zero))),
          );
        }).flat(),
      );
    },
    /** −ln of the share of a target among logits. */
    loss: (logits: readonly Scalar[], target: number) =>
      apply(softmax(logits)[target] ?? zero, (share) => [-Math.log(share), -1 / share]),
  };
}

export const relu = (x: number) => (x > 0 ? ([x, 1] as const) : ([0, 0] as const));
export const tanh = (x: number) => [Math.tanh(x), 1 - Math.tanh(x) ** 2] as const;
export const sigmoid = (x: number) => {
  const y = 1 / (1 + Math.exp(-x));
  return [y, y * (1 - y)] as const;
};
export const gelu = (x: number) => {
  const share = (1 + erf(x / Math.SQRT2)) / 2;
  return [x * share, share + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)] as const;
};

/** A model's weights on a tape, as rows. */
export type WeightRows = (name: string) => Rows;
/** Weights by their names. */
export type Tensors = Record<string, Dense>;

/** How steps change weights: AdamW, with decay of what has two or more axes, and the largest norm of the gradients. */
export interface Steps {
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly clip: number;
}

/**
 * The losses and norms of steps on batches in order, from the losses of a batch's targets; changes the weights.
 * Gradients of 0 count as gradients: of each parameter there is one.
 */
export function stepsOf<B>(
  weights: Tensors,
  batches: readonly B[],
  lossesOf: (tape: Tape, weight: WeightRows, batch: B) => readonly Scalar[],
  { learningRate, weightDecay, clip: most }: Steps,
): readonly { readonly loss: number; readonly gradientNorm: number }[] {
  const [beta1, beta2] = [0.9, 0.95];
  const state: Record<string, { first: Dense; second: Dense }> = {};
  return batches.map((batch, step) => {
    const tape = createTape();
    const scalars = Object.fromEntries(
      Object.entries(weights).map(([name, { values }]) => [name, Array.from(values, (value) => tape.of(value))]),
    );
    const rowsOf: WeightRows = (name) => {
      const [all, shape] = [scalars[name], weights[name]?.shape];
      if (!all || !shape) throw new RangeError(`there is no weight ${name}`);
      const columns = shape.length > 1 ? (shape.at(-1) ?? 1) : all.length;
      return Array.from({ length: all.length / columns }, (_, r) => all.slice(r * columns, (r + 1) * columns));
    };
    const losses = lossesOf(tape, rowsOf, batch);
    const blocks = blocksOf(tape);
    const loss = blocks.scaled(blocks.sum(losses), 1 / losses.length);
    const found = tape.gradients(loss);
    const gradients = Object.fromEntries(
      Object.entries(scalars).map(([name, all]) => [name, all.map((scalar) => found[scalar] ?? 0)]),
    );
    const squares = Object.values(gradients).map((all) => all.reduce((a, b) => a + b * b, 0));
    const { clip } = gradientNorm({ squares: dense([squares.length], squares) }, { maxNorm: most });
    const factors = dense([3], [learningRate, 1 / (1 - beta1 ** (step + 1)), 1 / (1 - beta2 ** (step + 1))]);
    for (const [name, values] of Object.entries(gradients)) {
      const parameter = weights[name] as Dense;
      const { first, second } = state[name] ?? { first: dense(parameter.shape), second: dense(parameter.shape) };
      const options = { beta1, beta2, eps: 1e-8, decay: parameter.shape.length > 1 ? weightDecay : 0 };
      const gradient = dense(parameter.shape, values);
      const after = adamW({ parameter, gradient, first, second, scalars: factors, clip }, options);
      [weights[name], state[name]] = [after.parameter, { first: after.first, second: after.second }];
    }
    return { loss: tape.value(loss), gradientNorm: clip.values[0] ?? Number.NaN };
  });
}
