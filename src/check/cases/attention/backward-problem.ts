// One problem of attention's gradients.
import { attention as forward, type attentionBackward as reference } from "../../../reference/attention/attention.ts";
import type { Dense } from "../../../reference/dense.ts";
import { type MaskDescription, maskOf, type ScoreDescription, scoreOf } from "../../../reference/described.ts";
import { stored } from "../../attention-records.ts";
import type { Case } from "../../case-table.ts";
import type { Named } from "../../named.ts";
import { normal } from "../../random.ts";
import { derivativeOf, scoreTensorsOf } from "../../score-derivatives.ts";
import { type CaseDropout, definedDropout, type Sizes } from "./problem.ts";
import { perSequence, type SequenceLengths } from "./sequences-in-a-row.ts";

/** Queries, results and their gradients `[b, t, h, …]` as projections have them, keys and values `[b, g, s, …]`. */
export type Inputs = "q" | "k" | "v" | "sink?" | "out" | "lse" | "dout";
/** The gradients, those of tensors of the score by their order. */
export type Outputs = "dq" | "dk" | "dv" | "dsink?" | "dscore0?" | "dscore1?";

/** The options of a case. */
export interface Options {
  readonly mask?: MaskDescription;
  readonly score?: ScoreDescription;
  readonly scale?: number;
  readonly start?: number;
  readonly length?: number;
  readonly dropout?: CaseDropout;
  /** Sequences that share a row. */
  readonly sequences?: SequenceLengths;
}

/** Tokens and heads swapped. */
function swapped({ shape, values }: Dense): Dense {
  const [b = 1, m = 1, n = 1, width = 1] = shape;
  const swap = Float64Array.from(values, (_, i) => {
    const [batch, row, head, column] = [
      Math.floor(i / (m * n * width)),
      Math.floor(i / (m * width)) % n,
      Math.floor(i / width) % m,
      i % width,
    ];
    return values[((batch * m + head) * n + row) * width + column] ?? Number.NaN;
  });
  return { shape: [b, n, m, width], values: swap };
}

type Reference = typeof reference;

/** The results of the reference or the emulation, `of`, for a case. */
export function gradientsBy(
  of: Reference,
  { q, k, v, sink, out, lse, dout }: Named<Inputs, Dense>,
  options: Options,
): Named<Outputs, Dense> {
  const tensors = { q: swapped(q), k, v, out: swapped(out), lse, dout: swapped(dout) };
  return inTokens(by(of, tensors, options, sink));
}

/** The results of a definition for tensors with heads before tokens. */
function by<T extends { readonly q: Dense; readonly k: Dense; readonly v: Dense }, R extends object>(
  of: (tensors: T, options: Parameters<Reference>[1]) => R,
  tensors: T,
  { mask = "causal", score = "none", scale, dropout, sequences, ...given }: Options,
  sink?: Dense,
): R {
  const [h = 0, t = 0] = tensors.q.shape.slice(1);
  const length = given.length ?? tensors.k.shape[2] ?? 0;
  const start = sequences ? 0 : (given.start ?? length - t);
  const options = {
    mask: maskOf(mask, start),
    score: scoreOf(score, start),
    derivative: derivativeOf(score, start),
    ...(scale === undefined ? {} : { scale }),
    ...(sink ? { sink } : {}),
    ...(dropout ? { dropout: definedDropout(dropout, h) } : {}),
    scoreTensors: scoreTensorsOf(score, start).map(({ tensor }) => tensor),
  };
  return sequences ? perSequence(sequences, tensors, options, of) : of(tensors, { ...options, start, length });
}

const inTokens = ({ dscore = [], ...result }: ReturnType<Reference>): Named<Outputs, Dense> => ({
  ...result,
  dq: swapped(result.dq),
  ...named(dscore),
});

/** The gradients of a score's tensors, in order. */
export const named = <T>(gradients: readonly T[]) => Object.fromEntries(gradients.map((one, i) => [`dscore${i}`, one]));

/** Values of tokens `from` on are NaN: they belong to no sequence, and must not be read. */
function poisoned({ shape, values }: Dense, axis: number, from: number): Dense {
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const isRead = (i: number) => Math.floor(i / inner) % (shape[axis] ?? 1) < from;
  return { shape, values: values.map((value, i) => (isRead(i) ? value : Number.NaN)) };
}

/** A problem whose result and log-sum-exp are those of float64, rounded to f32; values and dout have this mean. */
export function problem(
  name: string,
  { b = 1, h = 1, g = h, t, s, d = 16, dv = d }: Sizes,
  options: Options = {},
  sink?: Dense,
  mean = 0,
): Case<Inputs, Options> {
  const random = (shape: readonly number[], seed: number, center = 0) =>
    stored(
      {
        shape,
        values: normal(
          shape.reduce((n, size) => n * size, 1),
          seed,
        ).map((value) => value + center),
      },
      "f32",
    );
  const [q, k, v] = [random([b, t, h, d], 1), random([b, g, s, d], 2), random([b, g, s, dv], 3, mean)];
  const dout = random([b, t, h, dv], 4, mean);
  // The log-sum-exp includes the sink, and the score's derivatives are not the forward's.
  const attend = ({ q, k, v }: Parameters<typeof forward>[0], all: Parameters<Reference>[1] = {}) => {
    const { derivative: _, scoreTensors: __, ...own } = all;
    return forward({ q, k, v }, own);
  };
  const result = by(attend, { q: swapped(q), k, v }, options, sink);
  const { sequences = [] } = options;
  const [queries, keys] = [0, 1].map((i) => sequences.reduce((sum, lengths) => sum + (lengths[i] ?? 0), 0));
  const ofTokens = (x: Dense) => (options.sequences ? poisoned(x, 1, queries ?? 0) : x);
  const ofKeys = (x: Dense) => (options.sequences ? poisoned(x, 2, keys ?? 0) : x);
  return {
    name,
    inputs: {
      q: ofTokens(q),
      k: ofKeys(k),
      v: ofKeys(v),
      dout: ofTokens(dout),
      ...(sink ? { sink } : {}),
      out: ofTokens(stored(swapped(result.out), "f32")),
      lse: options.sequences ? poisoned(stored(result.lse, "f32"), 2, queries ?? 0) : stored(result.lse, "f32"),
    },
    options,
    refusedBy: [
      ...(options.sequences ? ["materialised"] : []),
      ...(d % 4 === 0 && dv % 4 === 0 ? [] : ["rows", "flash"]),
    ],
  };
}
