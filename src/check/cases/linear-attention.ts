import { type LinearAttentionOptions, linearAttention } from "../../kernels/linear-attention/linear-attention.ts";
import type { Dense } from "../../reference/dense.ts";
import { linearAttention as reference } from "../../reference/linear-attention.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape, slice, transpose } from "../../tensor/views.ts";
import type { CaseTable } from "../case-table.ts";
import { linearAttention as emulation } from "../emulation/linear-attention.ts";
import { allowedUlps } from "../gate.ts";
import { swapTokensAndHeads } from "./attention.ts";
import { type CaseOptions, problem } from "./attention-problem.ts";

type Inputs = Readonly<Record<"q" | "keys" | "values", Dense>>;

const given = (inputs: unknown) => {
  const { q, keys, values } = inputs as Inputs;
  return { q: swapTokensAndHeads(q), k: keys, v: values };
};

/** The options of linear attention among those of a case; a cache of which the first `visible` rows are given. */
const optionsOf = ({ mask, start, length, visible }: CaseOptions, s: number) => ({
  ...(mask === "full" || mask === "causal" ? { mask } : {}),
  ...(start === undefined ? {} : { start }),
  length: length ?? visible ?? s,
});

const rowsOf = (inputs: unknown) => (inputs as Inputs).keys.shape[2] ?? 0;

type Sizes = Parameters<typeof problem>[1];
type Fill = Parameters<typeof problem>[3];

const linear = (
  name: string,
  sizes: Sizes,
  options: LinearAttentionOptions & { visible?: number } = {},
  fill?: Fill,
) => {
  const { inputs, options: all } = problem(name, sizes, options as CaseOptions, fill);
  return { name, inputs, options: all ?? {} };
};

export const linearAttentionCases: CaseTable = {
  op: "linearAttention",
  reference: (inputs, options) => ({ ...reference(given(inputs), optionsOf(options, rowsOf(inputs))) }),
  gate: {
    emulation: (inputs, options) => ({ ...emulation(given(inputs), optionsOf(options, rowsOf(inputs))) }),
    allowed: allowedUlps.exp(0),
  },
  variants: {
    chunks: (gpu, tensors, options) => {
      const { q, keys, values } = tensors as Readonly<Record<"q" | "keys" | "values", Tensor>>;
      const {
        visible = keys.shape[2] ?? 0,
        into,
        ...rest
      } = options as unknown as CaseOptions & { into: { out: Tensor } };
      const [b = 0, t = 0, h = 0] = q.shape;
      return {
        ...linearAttention(
          gpu,
          { q: transpose(q, [0, 2, 1, 3]), k: slice(keys, 2, 0, visible), v: slice(values, 2, 0, visible) },
          { ...optionsOf(rest, visible), into: { out: reshape(into.out, [b, t, h, values.shape[3] ?? 0]) } },
        ),
      };
    },
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
    linear("more queries than keys: the first see nothing", { h: 3, g: 1, t: 150, s: 70, d: 5, dv: 7 }),
    linear("whole chunks", { h: 2, t: 64, s: 128, d: 16 }),
    linear("one key more than whole chunks", { h: 2, t: 66, s: 129, d: 16 }),
    linear("one query behind a long cache, 5 to 1", { b: 2, h: 10, g: 2, t: 1, s: 1000, d: 20 }),
    linear("all keys, 7 to 1", { b: 2, h: 14, g: 2, t: 11, s: 211, d: 33, dv: 18 }, { mask: "full" }),
    linear(
      "a cache with a tail that is not in use",
      { h: 4, g: 2, t: 65, s: 200, d: 24 },
      { length: 131, visible: 160 },
    ),
    linear("all of a cache with a tail", { h: 4, g: 2, t: 5, s: 90, d: 24 }, { mask: "full", length: 77 }),
    linear("queries in the middle of the keys", { h: 2, t: 21, s: 164, d: 12 }, { start: 100 }),
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
