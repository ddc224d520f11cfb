import { acceptDrafts } from "../../../kernels/sampling/accept-drafts.ts";
import { dense } from "../../../reference/dense.ts";
import { threefry2x32 } from "../../../reference/dropout.ts";
import { acceptDrafts as reference } from "../../../reference/sampling.ts";
import type { Case, CaseTable } from "../../case-table.ts";
import { randomSource } from "../../random.ts";

type Inputs = "weights" | "draftWeights" | "drafts" | "step";

/** The value of a draft in a row without one. */
const none = 0xffffffff;

/** Weights of random sizes that sum to 2³¹ at most, `zeros` of them 0 where the sum allows it. */
function randomWeights(b: number, v: number, seed: number, zeros: number): Float64Array {
  const source = randomSource(seed);
  const values = new Float64Array(b * v);
  for (let row = 0; row < b; row++) {
    const shares = Array.from({ length: v }, () => (source.uniform() < zeros ? 0 : source.uniform() ** 4 + 1e-6));
    shares[source.integer(v)] = 1;
    const sum = shares.reduce((all, one) => all + one, 0);
    for (const [id, share] of shares.entries()) values[row * v + id] = Math.floor((share / sum) * 2 ** 31);
  }
  return values;
}

/** A row of the draft model's weights has a draft that it may have drawn; every fourth row has none. */
function random(name: string, b: number, v: number, { zeros = 0, same = false, cut = 1 } = {}): Case<Inputs> {
  const source = randomSource(7 * b + v);
  const weights = randomWeights(b, v, b + v, zeros).map((weight) => Math.floor(weight / cut));
  const other = same ? weights : randomWeights(b, v, b + v + 1, zeros);
  const drafts = Float64Array.from({ length: b }, (_, row) => {
    if (row % 4 === 3) return none;
    let draft = source.integer(v);
    while (other[row * v + draft] === 0) draft = (draft + 1) % v;
    return draft;
  });
  const step = new Float64Array(256);
  for (let row = 0; row < b; row++)
    step.set([source.integer(1e5), 1 + source.integer(3), 0, source.integer(2 ** 32)], 4 * row);
  return {
    name,
    inputs: {
      weights: { shape: [b, v], values: weights, dtype: "u32" },
      draftWeights: { shape: [b, v], values: other, dtype: "u32" },
      drafts: { shape: [b], values: drafts, dtype: "u32" },
      step: { shape: [64, 4], values: step, dtype: "u32" },
    },
  };
}

const one = (name: string, p: readonly number[], q: readonly number[], draft: number): Case<Inputs> => ({
  name,
  inputs: {
    weights: { shape: [1, p.length], values: p, dtype: "u32" },
    draftWeights: { shape: [1, q.length], values: q, dtype: "u32" },
    drafts: { shape: [1], values: [draft], dtype: "u32" },
    step: { shape: [64, 4], values: new Float64Array(256).fill(1), dtype: "u32" },
  },
});

const half = 2 ** 30;

export const acceptDraftsCases: CaseTable<Inputs, "chosen", object, "acceptDrafts"> = {
  op: "sampling/accept-drafts",
  cap: 0,
  reference({ weights, draftWeights, drafts, step }) {
    const [b = 0] = drafts.shape;
    const words = dense([b, 3]);
    for (let row = 0; row < b; row++) {
      const [position = 0, tokens = 0, , seed = 0] = step.values.subarray(4 * row, 4 * row + 4);
      const [drawn] = threefry2x32([seed, 0], [position + tokens, 0]);
      words.values.set([drawn, ...threefry2x32([seed, 0], [position + tokens, 1])], 3 * row);
    }
    return reference({ weights, draftWeights, drafts, words });
  },
  dtypes: { chosen: "u32" },
  variants: ["acceptDrafts"],
  run: acceptDrafts,
  cases: [
    random("64 rows of 5 tokens", 64, 5),
    random("64 rows of 300 tokens, most of them never drawn", 64, 300, { zeros: 0.9 }),
    random("64 rows of 257 tokens, the same distribution twice", 64, 257, { same: true }),
    random("small weights, as filters leave them", 64, 100, { zeros: 0.5, cut: 2 ** 20 }),
    random("two weights as small as they can be", 64, 2, { cut: 2 ** 30 }),
    random("2,053 tokens", 16, 2053, { zeros: 0.2 }),
    random("the vocabulary of Qwen3", 4, 151_936, { zeros: 0.5 }),
    one("one token", [half], [half], 0),
    one("a draft that the model never draws", [0, half, half], [half, 0, half], 0),
    one("a draft that is all that the model draws", [half, 0, 0], [half / 2, half, half / 2], 0),
    one("1 is left", [0, 1, 0], [1, 0, 0], 0),
    one("nothing in common", [0, 0, 2 * half, 0], [half, half, 0, 0], 1),
    {
      ...one("more rows than a step has", new Array<number>(65).fill(1), new Array<number>(65).fill(1), 0),
      refusedBy: ["acceptDrafts"],
      inputs: {
        weights: { shape: [65, 1], values: new Float64Array(65).fill(1), dtype: "u32" },
        draftWeights: { shape: [65, 1], values: new Float64Array(65).fill(1), dtype: "u32" },
        drafts: { shape: [65], values: new Float64Array(65), dtype: "u32" },
        step: { shape: [64, 4], values: new Float64Array(256), dtype: "u32" },
      },
    },
  ],
};
