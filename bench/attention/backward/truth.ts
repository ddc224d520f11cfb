import { attention as forwardEmulation } from "../../../src/check/emulation/attention.ts";
import { attentionBackward as emulation } from "../../../src/check/emulation/attention-backward.ts";
import { derivativeOf } from "../../../src/check/score-derivatives.ts";
import { attention as forward, attentionBackward as reference } from "../../../src/reference/attention/attention.ts";
import { type Dense, dense } from "../../../src/reference/dense.ts";
import type { BatchGroup } from "../batch.ts";
import type { AttentionCase } from "../case.ts";
import type { Inputs } from "../inputs/inputs.ts";

/** A key and value head of a sequence, whose gradients need all queries of the heads that read it. */
interface Place {
  readonly batch: number;
  readonly group: number;
}

/** True values, and those of plain f32 loops. */
interface Values {
  readonly expected: Float64Array;
  readonly emulated: Float64Array;
}

/** True values for some key heads and the query heads that read them. */
export interface BackwardTruth {
  readonly places: readonly Place[];
  /** Key heads in all. */
  readonly of: number;
  /** The result `[heads, t, dv]` of each place. */
  readonly out: Values;
  /** The gradients of each place: dq `[heads, t, d]`, dk `[s, d]`, dv `[s, dv]`. */
  readonly gradients: Values;
}

/** Multiply-adds that float64 and the emulation together do in about two seconds. */
const affordable = 3e8;

/** The checked key heads: all if that is quick, else the last ones, in steps over sequences. */
function placesOf({ count: b, t, s }: BatchGroup, { h, g, d, dv }: AttentionCase["heads"]): Place[] {
  const each = (h / g) * t * s * (3 * d + 3 * dv);
  const wanted = Math.min(b * g, Math.max(1, Math.floor(affordable / each)));
  return Array.from({ length: wanted }, (_, i) => {
    const at = b * g - 1 - Math.floor((i * b * g) / wanted);
    return { batch: Math.floor(at / g), group: at % g };
  });
}

function joined(parts: readonly (Float32Array | Float64Array)[]): Float64Array {
  const out = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Gradients of one key head: dq of the query heads that read it, dk, dv. */
const partsOf = ({ dq, dk, dv }: { dq: Dense; dk: Dense; dv: Dense }) => [dq.values, dk.values, dv.values];

/** Rows of heads from memory with tokens before heads: `[b, t, h, width]` → `[1, heads, t, width]`. */
function headsOf(
  values: Float32Array,
  batch: number,
  [first, end]: readonly [number, number],
  sizes: readonly number[],
) {
  const [t = 0, h = 0, width = 0] = sizes;
  const out = dense([1, end - first, t, width]);
  for (let head = first; head < end; head++) {
    for (let row = 0; row < t; row++) {
      const from = ((batch * t + row) * h + head) * width;
      out.values.set(values.subarray(from, from + width), ((head - first) * t + row) * width);
    }
  }
  return out;
}

/** Computes the true gradients of a case's group. Yields to other work between heads; throws the reason of `signal`. */
export async function backwardTruth(
  given: AttentionCase,
  group: BatchGroup,
  { q, keys, values, capacity }: Inputs,
  dout: Float32Array,
  signal?: AbortSignal,
): Promise<BackwardTruth> {
  const { heads } = given;
  const { h, g, d, dv } = heads;
  const { count: b, t, s } = group;
  const places = placesOf(group, heads);
  const score = given.score.at({ b, h, t, s });
  const mask = given.mask.reference({ b, h, t, s });
  const derivative = derivativeOf(score.description, s - t);
  const found = { out: [], outEmulated: [], gradients: [], gradientsEmulated: [] } as Record<
    "out" | "outEmulated" | "gradients" | "gradientsEmulated",
    Float64Array[]
  >;
  for (const { batch, group: at } of places) {
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
    const own = [(at * h) / g, ((at + 1) * h) / g] as const;
    const cut = (of: Float32Array, width: number) =>
      dense([1, 1, s, width], of.subarray((batch * g + at) * capacity * width).subarray(0, s * width));
    const tensors = { q: headsOf(q, batch, own, [t, h, d]), k: cut(keys, d), v: cut(values, dv) };
    const here = {
      mask: (_b: number, head: number, query: number, key: number) => mask(batch, own[0] + head, query, key),
      score: (value: number, _b: number, head: number, query: number, key: number) =>
        score.reference(value, batch, own[0] + head, query, key),
    };
    const { out, lse } = forward(tensors, here);
    const all = { ...tensors, out: rounded(out), lse: rounded(lse), dout: headsOf(dout, batch, own, [t, h, dv]) };
    const moved = {
      derivative: (value: number, _b: number, head: number, query: number, key: number) =>
        derivative(value, batch, own[0] + head, query, key),
    };
    const inF32 = {
      ...here,
      score: (value: number, _b: number, head: number, query: number, key: number) =>
        score.emulation(value, batch, own[0] + head, query, key),
    };
    found.out.push(out.values);
    found.outEmulated.push(forwardEmulation(tensors, inF32).out.values);
    found.gradients.push(...partsOf(reference(all, { ...here, ...moved })));
    found.gradientsEmulated.push(...partsOf(emulation(all, { ...inF32, ...moved })));
  }
  return {
    places,
    of: b * g,
    out: { expected: joined(found.out), emulated: joined(found.outEmulated) },
    gradients: { expected: joined(found.gradients), emulated: joined(found.gradientsEmulated) },
  };
}

const rounded = ({ shape, values }: Dense) => dense(shape, values.map(Math.fround));

/** The results of these places from a whole one, `[b, t, h, dv]`. */
export const resultsAt = (
  { places }: Pick<BackwardTruth, "places">,
  out: Float32Array,
  { t }: BatchGroup,
  { h, g, dv }: AttentionCase["heads"],
): Float64Array =>
  joined(
    places.map(({ batch, group }) => headsOf(out, batch, [(group * h) / g, ((group + 1) * h) / g], [t, h, dv]).values),
  );

/** The gradients of these places from whole ones: dq `[b, h, t, d]`, dk `[b, g, s, d]`, dv `[b, g, s, dv]`. */
export function gradientsAt(
  { places }: Pick<BackwardTruth, "places">,
  { dq, dk, dv }: Readonly<Record<"dq" | "dk" | "dv", Float32Array>>,
  { t, s }: BatchGroup,
  { h, g, d, dv: width }: AttentionCase["heads"],
): Float64Array {
  const cut = (of: Float32Array, first: number, size: number) => of.subarray(first * size, (first + 1) * size);
  return joined(
    places.flatMap(({ batch, group }) => {
      const at = batch * g + group;
      return [cut(dq, at, (h / g) * t * d), cut(dk, at, s * d), cut(dv, at, s * width)];
    }),
  );
}
