// Definitions for checks of the gradients of scores: derivatives in float64, and the tensors that a score reads for a
// pair.
import type { ScoreTensor } from "../reference/attention/attention.ts";
import type { Score } from "../reference/attention/scores.ts";
import { type Dense, lengthOf } from "../reference/dense.ts";
import { type ScoreDescription, scoreOf } from "../reference/described.ts";
import { ownTensors } from "./cases/attention/own-tensors.ts";

/** The step of central differences, of a score's size or 1. */
const relativeStep = 1e-5;

const isChain = (score: ScoreDescription): score is readonly ScoreDescription[] => Array.isArray(score);

/**
 * The derivative of a score with respect to the scaled dot product, or to the input of member `from` of a chain. A
 * user's score is differentiated by central differences of its twin, independently of the derivative in its text.
 */
export function derivativeOf(score: ScoreDescription, start = 0, from = 0): Score {
  if (typeof score === "string") return () => 1;
  if (isChain(score)) {
    const members = score.map((member) => ({ of: scoreOf(member, start), derivative: derivativeOf(member, start) }));
    return (value, ...place) => {
      let [product, at] = [1, value];
      for (const [i, { of, derivative }] of members.entries()) {
        if (i >= from) product *= derivative(at, ...place);
        at = of(at, ...place);
      }
      return product;
    };
  }
  if (from > 0) return () => 1;
  if (score.kind === "softcap") return (value) => 1 - Math.tanh(value / score.cap) ** 2;
  if (score.kind !== "custom") return () => 1;
  const twin = scoreOf(score, start);
  return (value, ...place) => {
    const step = relativeStep * Math.max(1, Math.abs(value));
    return (twin(value + step, ...place) - twin(value - step, ...place)) / (2 * step);
  };
}

/** A tensor of a score, by its path in the description. */
interface NamedScoreTensor {
  readonly path: string;
  readonly tensor: ScoreTensor;
}

/** The tensors of a score that have a gradient; of a chain one level deep. */
export function scoreTensorsOf(score: ScoreDescription, start = 0): readonly NamedScoreTensor[] {
  if (!isChain(score)) return single(score, start).map(({ name, ...tensor }) => ({ path: name, tensor }));
  return score.flatMap((member, i) => {
    const after = derivativeOf(score, start, i + 1);
    const earlier = score.slice(0, i).map((one) => scoreOf(one, start));
    return single(member, start).map(({ name, slope, ...tensor }) => ({
      path: `${i}.${name}`,
      tensor: {
        ...tensor,
        slope: (value, ...place) => {
          const given = earlier.reduce((before, of) => of(before, ...place), value);
          return slope(given, ...place) * after(value, ...place);
        },
      },
    }));
  });
}

/** The tensors that a score, not a chain, reads. */
function single(score: ScoreDescription, start: number): readonly (ScoreTensor & { readonly name: string })[] {
  if (typeof score === "string" || isChain(score)) return [];
  const one = () => 1;
  const of = (name: string, { shape }: Dense, element: ScoreTensor["element"], slope: Score = one) => [
    { name, shape, element, slope },
  ];
  switch (score.kind) {
    case "relative-bias": {
      const last = lengthOf(score.table.shape, 1);
      const entry = (query: number, key: number) => Math.min(Math.abs(query - key), last - 1);
      return of("table", score.table, (_b, head, query, key) => head * last + entry(query, key));
    }
    case "signed-relative-bias": {
      const offsets = lengthOf(score.table.shape, 1);
      const reach = (offsets - 1) / 2;
      const entry = (query: number, key: number) => Math.min(Math.max(key - query, -reach), reach) + reach;
      return of("table", score.table, (_b, head, query, key) => head * offsets + entry(query, key));
    }
    case "head-bias":
      return of("bias", score.bias, (_b, head) => head);
    case "alibi": {
      const by = (query: number, key: number) =>
        score.convention === "difference" ? key - query : -Math.abs(query - key);
      return of(
        "slopes",
        score.slopes,
        (_b, head) => head,
        (_score, _b, _head, query, key) => by(query, key),
      );
    }
    case "bias": {
      const [b, h, t, s] = [0, 1, 2, 3].map((axis) => lengthOf(score.bias.shape, axis)) as [
        number,
        number,
        number,
        number,
      ];
      return of(
        "bias",
        score.bias,
        (batch, head, query, key) => (((batch % b) * h + (head % h)) * t + query - start) * s + key,
      );
    }
    case "custom":
      return ownTensors(score);
    default:
      return [];
  }
}
