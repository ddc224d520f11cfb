// Every mask and every score, on shapes with odd lengths, several tiles, different numbers of keys and queries, and
// unused tails.
import type { MaskDescription } from "../../../reference/described.ts";
import { type Case, withTags } from "../../case-table.ts";
import { normal } from "../../random.ts";
import { attentionCases } from "./attention.ts";
import { maskExamples, scoreExamples } from "./mask-examples.ts";
import { type AttentionInputs, type CaseOptions, floats, problem } from "./problem.ts";

const [b, h, g, d] = [2, 6, 2, 16];
const prefill = { b, h, g, t: 71, s: 101, d } as const;
const decode = { b, h, g, t: 3, s: 300, d } as const;
const surplus = { b, h, g, t: 41, s: 23, d } as const; // of queries: the first are before position 0

const sink = floats([h], [0.5, -2, 3, Number.NEGATIVE_INFINITY, 0, 8]);

type Shape = "prefill" | "decode" | "surplus";
type ModCase = Case<AttentionInputs, CaseOptions>;

/** A case with its tags: the kind of mask or score that it tests, and its shape. */
const modCase = (kind: string, shape: Shape, ...given: Parameters<typeof problem>) =>
  withTags(problem(...given), kind, shape);

const masks = (name: Shape, sizes: typeof prefill | typeof decode | typeof surplus, unit: number) =>
  Object.entries(maskExamples({ ...sizes, unit })).map(([kind, mask]): ModCase => {
    // Rows of keys past the length are NaN; of all masks only key padding says where its keys end.
    const options = name === "surplus" ? {} : { length: sizes.s - 11 };
    return modCase(kind, name, `${kind}, ${name}`, sizes, { mask, ...options });
  });

/** Keys on both sides of a query, so that scores of those ahead show. */
const around: MaskDescription = { kind: "local", left: 40, right: 30 };

const scores = (name: Shape, sizes: typeof prefill | typeof decode, unit: number) =>
  Object.entries(scoreExamples({ ...sizes, unit })).map(([kind, score]): ModCase => {
    const options = { mask: around, score, length: sizes.s - 11, start: sizes.s - 40 - sizes.t };
    // Scores beyond the cap, where capping matters.
    const fill = {
      q: ([, token, head, column]: readonly number[]) =>
        3 * Math.sin((token ?? 0) * 7 + (head ?? 0) * 3 + (column ?? 0)),
    };
    return modCase(kind, name, `${kind}, ${name}`, sizes, options, fill);
  });

const sinks = (name: Shape, sizes: typeof prefill | typeof decode | typeof surplus): ModCase =>
  modCase("sink", name, `a sink, ${name}`, sizes, { sink, mask: { kind: "sliding-window", keys: 50 } });

/** Batch rows at different positions: tensors with a row for each query begin there. */
const stepped = (kind: string, options: Pick<CaseOptions, "mask" | "score">): ModCase =>
  modCase(
    kind,
    "surplus",
    `${kind}, by the step`,
    { ...surplus, s: 131 },
    {
      ...options,
      rows: [
        [20, surplus.t],
        [75, surplus.t - 3],
      ],
    },
  );

/** NaN in values that some queries see, and others do not, under a mask with holes. */
const hiddenNaN = (kind: string): ModCase => {
  const mask = maskExamples({ ...prefill, unit: 11 })[kind] ?? "full";
  const values: NonNullable<Parameters<typeof problem>[3]>["values"] = ([, head, row, column]) =>
    row % 17 === 5 && column === 2 ? Number.NaN : (normal(1, head * 9001 + row * 89 + column)[0] ?? 0);
  return modCase(kind, "prefill", `${kind}, NaN in values`, prefill, { mask }, { values });
};

/** Biases that hide keys: −∞, and any score of −10³⁸ or less. In one row there is nothing else. */
const hidingBias = (): ModCase => {
  const values = Array.from({ length: decode.t * decode.s }, (_, i) =>
    i < decode.s || i % 7 === 2 ? -2e38 : i % 5 === 1 ? Number.NEGATIVE_INFINITY : (i % 11) / 8,
  );
  const bias = floats([1, 1, decode.t, decode.s], values);
  return modCase("hiding bias", "decode", "a bias that hides keys", decode, {
    mask: "full",
    score: { kind: "bias", bias },
  });
};

const cases: readonly ModCase[] = [
  hiddenNaN("document"),
  hiddenNaN("dilated window"),
  hidingBias(),

  ...masks("prefill", prefill, 11),
  ...masks("decode", decode, 31),
  ...masks("surplus", surplus, 3),
  ...scores("prefill", prefill, 13),
  ...scores("decode", decode, 13),
  sinks("prefill", prefill),
  sinks("decode", decode),
  sinks("surplus", surplus),
  stepped("a bias by rows", {
    mask: maskExamples({ ...surplus, s: 131, unit: 11 })["boolean, one for each"] ?? "full",
    score: scoreExamples({ ...surplus, s: 131, unit: 11 })["bias, one for each"] ?? "none",
  }),
];

/** Attention with every mask and every score; cases have the kind and the shape for tags. */
export const modCases = { ...attentionCases, cases };
