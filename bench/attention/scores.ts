import { allowedUlps } from "../../src/check/gate.ts";
import { randomSource } from "../../src/check/random.ts";
import { type AttentionScore, alibiSlopes, type Gpu } from "../../src/index.ts";
import { type Dense, dense } from "../../src/reference/dense.ts";
import { type ScoreDescription, scoreOf } from "../../src/reference/described.ts";
import { chain, type Score } from "../../src/reference/scores.ts";
import { parseLength } from "./batch.ts";
import type { MaskShape } from "./masks.ts";
import { elementsIn, uploaded } from "./uploaded.ts";

/** What the reference and the gate are told of a score. */
interface Twins {
  readonly reference?: Score;
  /** The same in f32, every operation rounded: what plain f32 loops would make of it. */
  readonly emulation?: Score;
  /** What WGSL's accuracy table allows its builtins, in ulps of attention's result. */
  readonly allowed?: number;
}

/** The call that a score is for. */
export interface ScoreShape extends MaskShape {
  readonly h: number;
}

/** A score made for a call. */
export interface ShapedScore extends Twins {
  readonly make: (gpu: Gpu) => AttentionScore;
  /** Bytes of its tensors that count whatever the mask shows, and those of a pair of query and key. */
  readonly bytes: { readonly once: number; readonly perPair: number };
}

/** What becomes of a scaled dot product, as it is named on the command line, with its twins for the reference. */
export interface BenchScore extends Twins {
  readonly text: string;
  /** What the kernels are given, where it is the same for all calls. */
  readonly score: AttentionScore;
  /** Scores with tensors are made for each call; `score` and the twins are not theirs. */
  readonly shaped?: (shape: ScoreShape) => ShapedScore;
}

const f = Math.fround;

/** tanh as WGSL's accuracy table has it: the quotient of the hyperbolic sine and cosine, from exponentials. */
function tanh(x: number): number {
  const [up, down] = [f(Math.exp(x)), f(Math.exp(-x))];
  return Number.isFinite(up) && Number.isFinite(down) ? f(f(up - down) / f(up + down)) : Math.sign(x);
}

/** Numbers around 0 that f32 has, the same in every run. */
function some(shape: readonly number[], seed: number): Dense {
  const { uniform } = randomSource(seed);
  const size = shape.reduce((product, axis) => product * axis, 1);
  return dense(
    shape,
    Array.from({ length: size }, () => f(2 * uniform() - 1)),
  );
}

/** How a kind of score is written, and what it says with the number behind its name. */
interface ScoreKind {
  readonly parameter?: string;
  readonly describe: (shape: ScoreShape, number: number) => ScoreDescription;
  /** In f32, from what the reference adds. */
  readonly emulation?: (number: number) => Score;
  readonly allowed?: (number: number) => number;
  /** True where each pair of query and key has an element of its own. */
  readonly byPair?: boolean;
}

/** The scores that `--scores` takes; chained by `+`. To add one, add a row. */
export const scoreKinds: Readonly<Record<string, ScoreKind>> = {
  none: { describe: () => "none" },
  softcap: {
    parameter: "cap",
    describe: (_, cap) => ({ kind: "softcap", cap }),
    emulation: (cap) => (score) => f(f(cap) * tanh(f(score / f(cap)))),
    // An error of tanh is as large as those of its two exponentials; the cap makes it one of the score, exp of a weight.
    allowed: (cap) => cap * allowedUlps.exp(0),
  },
  alibi: { describe: ({ h }) => ({ kind: "alibi", slopes: dense([h], alibiSlopes(h).map(f)) }) },
  "relative-bias": {
    parameter: "distances",
    describe: ({ h }, distances) => ({ kind: "relative-bias", table: some([h, distances], 11) }),
  },
  bias: { describe: ({ h, t, s }) => ({ kind: "bias", bias: some([1, h, t, s], 12) }), byPair: true },
  "head-bias": { describe: ({ h }) => ({ kind: "head-bias", bias: some([h], 13) }) },
};

/** The forms that `--scores` takes. */
export const scoreForms = Object.entries(scoreKinds).map(([name, { parameter }]) =>
  parameter === undefined ? name : `${name}:${parameter}`,
);

/**
 * Reads `none`, `softcap:50`, `alibi`, `relative-bias:64`, `bias`, `head-bias`, or several one after the other, joined by
 * `+`. Throws a RangeError that says what there is.
 */
export function parseScore(text: string): BenchScore {
  const links = text.split("+").map((link) => parseLink(link, text));
  if (links.length > 1 && links.some(({ name }) => name === "none")) {
    throw new RangeError(`score is "${text}": none is alone or not at all`);
  }
  const name = links.map((link) => link.text).join("+");
  const description = (shape: ScoreShape): ScoreDescription => {
    const all = links.map(({ kind, number }) => kind.describe(shape, number));
    return all.length === 1 ? (all[0] ?? "none") : all;
  };
  const allowed = links.reduce((sum, { kind, number }) => sum + (kind.allowed?.(number) ?? 0), 0);
  const twins = (shape: ScoreShape): Twins =>
    name === "none"
      ? {}
      : {
          reference: scoreOf(description(shape), shape.s - shape.t),
          emulation: chain(
            links.map(({ kind, number }) => {
              if (kind.emulation) return kind.emulation(number);
              const added = scoreOf(kind.describe(shape, number), shape.s - shape.t);
              return (score, b, h, q, k) => f(score + f(added(0, b, h, q, k)));
            }),
          ),
          allowed,
        };
  // Those without tensors are the same for all shapes.
  const anywhere = { b: 1, h: 1, t: 1, s: 1 };
  if (links.every(({ name: kind }) => kind === "none" || kind === "softcap")) {
    return { text: name, score: description(anywhere) as AttentionScore, ...twins(anywhere) };
  }
  return {
    text: name,
    score: "none",
    shaped: (shape) => {
      const made = description(shape);
      const whole = links.flatMap(({ kind, number }) => (kind.byPair ? [] : [kind.describe(shape, number)]));
      return {
        ...twins(shape),
        make: (gpu) => uploaded<AttentionScore>(gpu, made, "f32"),
        bytes: { once: 4 * elementsIn(whole), perPair: 4 * links.filter(({ kind }) => kind.byPair).length },
      };
    },
  };
}

function parseLink(link: string, text: string) {
  const [name = "", ...numbers] = link.split(":");
  const kind = Object.hasOwn(scoreKinds, name) ? scoreKinds[name] : undefined;
  if (!kind) throw new RangeError(`there is no score "${link}"; there are ${scoreForms.join(", ")}, and chains with +`);
  const form = kind.parameter === undefined ? name : `${name}:${kind.parameter}`;
  if (numbers.length !== (kind.parameter === undefined ? 0 : 1)) {
    throw new RangeError(`score is "${text}", expected "${form}"`);
  }
  const [digits] = numbers;
  if (digits === undefined) return { name, kind, number: 0, text: name };
  if (name !== "softcap") {
    const number = parseLength(digits, `score "${text}": ${kind.parameter}`);
    if (number > 2 ** 16)
      throw new RangeError(`score "${text}": ${kind.parameter} is ${number}, expected at most 65536`);
    return { name, kind, number, text: `${name}:${number}` };
  }
  const cap = /^\d+(\.\d+)?$/.test(digits) ? Number(digits) : Number.NaN;
  if (!(cap > 0)) throw new RangeError(`score is "${text}", expected "softcap:cap" with a cap above 0`);
  return { name, kind, number: cap, text: `${name}:${cap}` };
}

/** A score made for a call, whatever its kind. */
export function scoreAt({ score, shaped, ...twins }: BenchScore, shape: ScoreShape): ShapedScore {
  return shaped?.(shape) ?? { ...twins, make: () => score, bytes: { once: 0, perPair: 0 } };
}
