// How differently kinds of tokens use the experts of a mixture.
import { percent, tick } from "../../shell/format.ts";
import type { Draw } from "../../shell/plots/figure.tsx";
import { apart, frame, shapes } from "../../shell/plots/lines.ts";
import type { KindUse } from "../worker/expert-use.ts";
import type { Look } from "../worker/history.ts";

/** Shares of choices; undefined for a kind without tokens. */
export function sharesOf(counts: readonly number[]): readonly number[] | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return total > 0 ? counts.map((count) => count / total) : undefined;
}

/**
 * The share of choices in which two kinds of tokens differ, as the mean over all pairs of kinds: half the sum of the
 * absolute differences of their shares, as in `shaderformer experts`. 0 if all use each expert equally often, 1 if no
 * two share an expert; undefined for fewer than two kinds.
 */
export function differenceOf(kinds: readonly (readonly number[])[]): number | undefined {
  const shares = kinds.flatMap((counts) => [sharesOf(counts) ?? []].filter(({ length }) => length > 0));
  const pairs = shares.flatMap((a, i) => shares.slice(i + 1).map((b) => [a, b] as const));
  if (pairs.length === 0) return undefined;
  const between = ([a, b]: (typeof pairs)[number]) =>
    a.reduce((sum, share, e) => sum + Math.abs(share - (b[e] ?? 0)), 0) / 2;
  return pairs.reduce((sum, pair) => sum + between(pair), 0) / pairs.length;
}

/** The choices of all kinds together. */
export const together = (kinds: readonly (readonly number[])[]): readonly number[] =>
  (kinds[0] ?? []).map((_, expert) => kinds.reduce((sum, counts) => sum + (counts[expert] ?? 0), 0));

/** The use of experts at each evaluation of a mixture, by the kinds of a division. */
export const usesOf = (
  looks: readonly Look[],
  division: number,
): readonly { readonly step: number; readonly use: KindUse }[] =>
  looks.flatMap(({ step, use }) => (use?.[division] ? [{ step, use: use[division] }] : []));

/** How far the kinds differ in each layer, over the steps. */
export const specialisationChart =
  (looks: readonly Look[], division: number, layers: readonly number[]): Draw =>
  (Plot, size) => {
    const { colour } = size;
    const names = layers.map((layer) => `layer ${layer}`);
    const rows = usesOf(looks, division).flatMap(({ step, use }) =>
      use.flatMap((kinds, i) => {
        const value = differenceOf(kinds);
        return value === undefined ? [] : [{ step, value, layer: names[i] ?? "" }];
      }),
    );
    const end = Math.max(10, looks.at(-1)?.step ?? 0);
    const most = Math.max(0.2, ...rows.map(({ value }) => value));
    const last = names.flatMap((name) => rows.findLast(({ layer }) => layer === name) ?? []);
    return Plot.plot({
      ...frame(size),
      marginRight: 70,
      x: { label: "step →", domain: [0, end], tickFormat: tick, ticks: 6 },
      y: {
        label: "↑ choices that differ",
        domain: [0, 1.05 * most],
        grid: true,
        ticks: 5,
        tickFormat: (share: number) => percent(share).replace(".0 %", " %"),
      },
      color: { domain: names, range: names.map((_, i) => colour(`--series-${(i % 5) + 1}`)) },
      symbol: { domain: names, range: names.map((_, i) => shapes[i % shapes.length] ?? "circle") },
      marks: [
        Plot.ruleY([0]),
        Plot.lineY(rows, { x: "step", y: "value", z: "layer", stroke: "layer", strokeWidth: 1.5 }),
        rows.length < 200 ? Plot.dot(rows, { x: "step", y: "value", stroke: "layer", symbol: "layer", r: 3 }) : null,
        Plot.text(apart(last, most / 14), {
          x: end,
          y: "at",
          text: "layer",
          dx: 8,
          textAnchor: "start" as const,
          fill: colour("--text"),
        }),
      ],
    });
  };
