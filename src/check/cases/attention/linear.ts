import { type LinearAttentionOptions, linearAttention } from "../../../kernels/linear-attention.ts";
import { linearAttention as reference } from "../../../reference/attention/linear-attention.ts";
import type { Dense } from "../../../reference/dense.ts";
import { slice, transpose } from "../../../tensor/views.ts";
import type { Case, CaseTable } from "../../case-table.ts";
import { linearAttention as emulation } from "../../emulation/attention.ts";
import { allowedUlps } from "../../gate.ts";
import type { Named } from "../../named.ts";
import { type AttentionInputs, type Fills, inTokens, problem, type Sizes, swapTokensAndHeads } from "./problem.ts";

/** The options of a case; attention receives `visible` slots of the cache, by default all. */
type Options = Omit<LinearAttentionOptions, "into"> & { readonly visible?: number };

/** Queries, keys and values as in attention's cases. */
const linear = (name: string, sizes: Sizes, options: Options = {}, fill?: Fills): Case<AttentionInputs, Options> => {
  const { length, visible = sizes.s } = options;
  const { inputs } = problem(name, sizes, length === undefined ? { visible } : { length, visible }, fill);
  return { name, inputs, options };
};

const expected = (
  oracle: typeof reference,
  { q, keys, values }: Named<AttentionInputs, Dense>,
  { visible = keys.shape[2] ?? 0, length = visible, ...options }: Options,
) => oracle({ q: swapTokensAndHeads(q), k: keys, v: values }, { ...options, length });

export const linearAttentionCases: CaseTable<AttentionInputs, "out", Options, "chunks"> = {
  op: "linearAttention",
  variants: ["chunks"],
  reference: (inputs, options) => expected(reference, inputs, options),
  run: (gpu, { q, keys, values }, { visible = keys.shape[2] ?? 0, length = visible, into, ...options }) =>
    linearAttention(
      gpu,
      { q: transpose(q, [0, 2, 1, 3]), k: slice(keys, 2, 0, visible), v: slice(values, 2, 0, visible) },
      { ...options, length, ...inTokens(into) },
    ),
  gate: {
    emulation: (inputs, options) => expected(emulation, inputs, options),
    allowed: () => allowedUlps.exp(0),
  },
  cases: [
    linear("one of everything", { t: 1, s: 1, d: 1 }),
    linear(
      "one-hot values: the result is the weights",
      { h: 2, t: 37, s: 64, d: 8, dv: 64 },
      {},
      {
        values: ([, , row, column]) => (row === column ? 1 : 0),
      },
    ),
    linear("odd widths, prime lengths, more keys than queries", { b: 2, h: 6, g: 2, t: 31, s: 199, d: 17, dv: 13 }),
    linear("more queries than keys: the first see no keys", { h: 3, g: 1, t: 150, s: 70, d: 5, dv: 7 }),
    linear("whole chunks", { h: 2, t: 64, s: 128, d: 16 }),
    linear("one key more than whole chunks", { h: 2, t: 66, s: 129, d: 16 }),
    linear("one query after a long cache, 5 to 1", { b: 2, h: 10, g: 2, t: 1, s: 1000, d: 20 }),
    linear("all keys, 7 to 1", { b: 2, h: 14, g: 2, t: 11, s: 211, d: 33, dv: 18 }, { mask: "full" }),
    linear("a cache with an unused tail", { h: 4, g: 2, t: 65, s: 200, d: 24 }, { length: 131, visible: 160 }),
    linear("all of a cache with a tail", { h: 4, g: 2, t: 5, s: 90, d: 24 }, { mask: "full", length: 77 }),
    linear("queries in the middle of the keys", { h: 2, t: 21, s: 164, d: 12 }, { start: 100 }),
    {
      // A weight of 5·10⁻⁸ is lost where it is added key by key to a sum of 1.
      ...linear(
        "one key that weighs 10⁷ times the others, of 16,384",
        { t: 1, s: 16_384, d: 8 },
        { mask: "full" },
        {
          q: () => 0,
          keys: ([, , row]) => (row === 3 ? 0 : -16.9),
          values: ([, , row]) => (row === 3 ? 1 : 1.25),
        },
      ),
      bounds: { results: { out: { relative: 2e-5 } } },
    },
    linear("no keys", { b: 2, h: 2, t: 3, s: 15, d: 4 }, { length: 0, start: 0 }),
    linear("no keys, full", { b: 2, h: 2, t: 3, s: 15, d: 4 }, { length: 0, start: 0, mask: "full" }),
    linear("the widest heads", { h: 1, t: 3, s: 70, d: 256, dv: 300 }),
    linear(
      "q and k × 8: far on both sides of the feature map",
      { h: 2, t: 45, s: 97, d: 8 },
      {},
      {
        q: ([, token, head, column]) => 8 * Math.sin(token * 7 + head * 3 + column),
        keys: ([, , row, column]) => 8 * Math.cos(row * 5 + column * 2),
      },
    ),
  ],
};
