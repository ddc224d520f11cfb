import { type RoutingRule, route } from "../../../kernels/moe/route.ts";
import { route as reference } from "../../../reference/mixture/routing.ts";
import type { Case, CaseTable } from "../../case-table.ts";
import { normal } from "../../random.ts";

type Inputs = "logits" | "bias?";

const rule = (
  name: string,
  [t, e]: readonly [number, number],
  given: Partial<RoutingRule> & { k: number },
  { logits, bias }: { logits?: ArrayLike<number>; bias?: ArrayLike<number> } = {},
): Case<Inputs, RoutingRule> => ({
  name,
  inputs: {
    logits: { shape: [t, e], values: logits ?? normal(t * e, t + e).map((x) => 2 * x) },
    ...(bias ? { bias: { shape: [e], values: bias } } : {}),
  },
  options: { scores: "softmax", normalise: true, ...given },
});

/** Numbers that run through [0, count) in scrambled order, scaled to about one. */
const shuffled = (count: number) => Float64Array.from({ length: count }, (_, i) => ((i * 7) % count) / count - 0.5);

export const routeCases: CaseTable<Inputs, "experts" | "weights", RoutingRule, "thread"> = {
  op: "moe/route",
  variants: ["thread"],
  dtypes: { experts: "u32" },
  reference: (inputs, options) => {
    const { experts, weights } = reference(inputs, options);
    return { experts, weights };
  },
  run: route,
  cases: [
    rule("one expert", [3, 1], { k: 1 }),
    rule("Mixtral: shares of the chosen", [129, 8], { k: 2 }),
    rule("OLMoE: shares of all", [17, 64], { k: 8, normalise: false }),
    rule("Qwen3: of 128", [5, 128], { k: 8 }),
    rule("all of 31", [4, 31], { k: 31 }),
    rule("Switch: one of 160, its share of all", [2, 160], { k: 1, normalise: false }),
    rule("equal logits: the lowest first", [2, 6], { k: 4 }, { logits: [1, 2, 2, 1, 2, 1, 0, 0, 0, 0, 0, 0] }),
    rule("minus infinity is chosen last", [1, 4], { k: 3 }, { logits: [-Infinity, 1, -Infinity, 0] }),
    rule("logits far from 0", [2, 4], { k: 2 }, { logits: [88, 87, 86, 80, -300, -301, -302, -310] }),
    rule("a scale", [5, 12], { k: 3, scale: 2.5 }),
    rule("sigmoids, not normalised", [5, 12], { k: 3, scores: "sigmoid", normalise: false }),
    rule("DeepSeek-V2: groups by their maximum", [17, 32], {
      k: 6,
      normalise: false,
      scale: 16,
      groups: { count: 8, keep: 3, by: "maximum" },
    }),
    rule(
      "DeepSeek-V3: sigmoids, a bias, groups by their top two",
      [17, 32],
      { k: 6, scores: "sigmoid", scale: 2.5, groups: { count: 8, keep: 4, by: "top-two" } },
      { bias: shuffled(32) },
    ),
    rule(
      "negative keys: experts of dropped groups are still not chosen",
      [1, 8],
      { k: 2, scores: "sigmoid", groups: { count: 4, keep: 1, by: "top-two" } },
      { logits: [0, 1, 2, 3, 4, 5, 6, 7], bias: [-3, -3, -3, -3, -3, -3, -3, -3] },
    ),
    rule(
      "groups of equal keys: the lowest",
      [1, 8],
      { k: 2, groups: { count: 4, keep: 2, by: "maximum" } },
      {
        logits: [1, 0, 1, 0, 1, 0, 1, 0],
      },
    ),
    rule("softmax with groups by their top two", [9, 16], { k: 2, groups: { count: 4, keep: 2, by: "top-two" } }),
  ],
};
