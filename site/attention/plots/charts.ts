import type { RenderFunction } from "@observablehq/plot";
import type { BenchRow, Peaks } from "../../../bench/result.ts";
import { digits, percent, tick } from "../../shell/format.ts";
import { keys, longestOf } from "../results/families.ts";
import { labels, nameRoom } from "./labels.ts";

/** The library, fetched when the first chart is drawn. */
export type Plot = typeof import("@observablehq/plot");

/** What all plots of a result need. */
export interface Drawing {
  /** Rows of one family, which differ only in length. */
  readonly rows: readonly BenchRow[];
  /** The same of another result, drawn dashed. */
  readonly compared: readonly BenchRow[];
  readonly peaks: Peaks | null;
  readonly variants: readonly string[];
  readonly width: number;
  readonly colour: (name: string) => string;
  readonly marked: string | undefined;
  /** True if variants may be ranked by speed. */
  readonly ranked: boolean;
}

/** Draws one chart. */
export type Draw = (plot: Plot, drawing: Drawing) => Element;

const shapes = ["circle", "square", "triangle", "diamond", "star", "cross", "wye"] as const;

/** Colours repeat after five variants; shapes do not, and lines of the second five are broken. */
export const scale = ({ variants, colour }: Drawing) => ({
  color: { domain: variants, range: variants.map((_, i) => colour(`--series-${(i % 5) + 1}`)) },
  symbol: { domain: variants, range: variants.map((_, i) => shapes[i % shapes.length] ?? "circle") },
});

export const frame = ({ width, colour }: Drawing) => ({
  width,
  style: { background: "transparent", color: colour("--text"), fontSize: "13px", overflow: "visible" },
  marginLeft: 60,
  marginRight: 90,
});

export const speed = (row: BenchRow): number => 1000 * (row.tflops ?? 0);

export const described = (row: BenchRow): string =>
  `${row.variant}, ${row.batch}, ${row.mask ?? "no mask"}\n${digits(row.medianMs)} ms (${digits(row.p10Ms)}–${digits(row.p90Ms)}), ${digits(speed(row))} GFLOP/s`;

const time = ({ medianMs }: BenchRow) => medianMs ?? Number.NaN;
const isTimed = ({ verdict, medianMs }: BenchRow) => verdict === "pass" && medianMs !== null;
/** Lines break where a time is missing. */
const timeOrGap = (row: BenchRow) => (isTimed(row) ? row.medianMs : Number.NaN);

/** Two faint lines from the first time: growth with the length, and with its square. */
function guides(rows: readonly BenchRow[]) {
  const lengths = rows.map(keys);
  const [from, to] = [Math.min(...lengths), Math.max(...lengths)];
  const start = Math.min(...rows.filter((row) => keys(row) === from).map(({ medianMs }) => medianMs ?? 1));
  return [
    { name: "S", power: 1 },
    { name: "S²", power: 2 },
  ].map(({ name, power }) => ({ name, x1: from, y1: start, x2: to, y2: start * (to / from) ** power }));
}

/** Lines of time over length, both axes logarithmic. */
export const timeOverLength: Draw = (Plot, drawing) => {
  const byLength = (rows: readonly BenchRow[]) => [...rows].sort((p, q) => keys(p) - keys(q));
  const all = byLength(drawing.rows);
  const rows = all.filter(isTimed);
  const others = byLength(drawing.compared).filter(isTimed);
  const slopes = guides(rows);
  const second = (row: BenchRow) => drawing.variants.indexOf(row.variant) >= 5;
  const line = { x: keys, y: timeOrGap, z: "variant", stroke: "variant", strokeWidth: 2 } as const;
  const none = all.filter((row) => !isTimed(row));
  const times = [...rows, ...others].flatMap(({ p10Ms, medianMs, p90Ms }) => [p10Ms ?? medianMs, p90Ms ?? medianMs]);
  const known = times.filter((ms): ms is number => ms !== null && ms > 0);
  const decades = Math.max(0.3, Math.log10(Math.max(...known) / Math.min(...known)));
  return Plot.plot({
    ...frame(drawing),
    marginRight: nameRoom(rows, drawing.width),
    ...scale(drawing),
    height: 330,
    marginBottom: 46,
    x: {
      type: "log",
      base: 2,
      label: "keys S →",
      labelOffset: 38,
      ticks: [...new Set([...all, ...others].map(keys))],
      tickFormat: String,
      grid: true,
    },
    y: { type: "log", label: "↑ time, ms", grid: true, ticks: 5, tickFormat: tick },
    marks: [
      Plot.link(slopes, {
        x1: "x1",
        x2: "x2",
        y1: "y1",
        y2: "y2",
        stroke: drawing.colour("--border"),
        strokeDasharray: "1 3",
        clip: true,
      }),
      Plot.text(slopes, {
        x: "x2",
        y: "y2",
        text: "name",
        dx: -16,
        dy: -4,
        fill: drawing.colour("--muted"),
        stroke: drawing.colour("--paper"),
        strokeWidth: 4,
      }),
      Plot.areaY(rows, { x: keys, y1: "p10Ms", y2: "p90Ms", fill: "variant", fillOpacity: 0.15 }),
      Plot.line(others, { ...line, strokeWidth: 1.5, strokeDasharray: "6 4" }),
      Plot.dot(others, { x: keys, y: "medianMs", stroke: "variant", symbol: "variant", r: 3, title: described }),
      Plot.line(
        all.filter((row) => !second(row)),
        line,
      ),
      Plot.line(all.filter(second), { ...line, strokeDasharray: "8 3 2 3" }),
      Plot.dot(rows, {
        x: keys,
        y: "medianMs",
        stroke: "variant",
        symbol: "variant",
        r: 5,
        strokeWidth: 2,
        tip: true,
        title: described,
      }),
      Plot.dot(
        rows.filter(({ id }) => id === drawing.marked),
        { x: keys, y: "medianMs", fill: "variant", symbol: "variant", r: 6 },
      ),
      ...none.map((row, i) =>
        Plot.text([row], {
          x: keys,
          frameAnchor: "top",
          dy: 12 * i,
          text: () => `${row.verdict === "fail" ? "✗" : "n/a"} ${row.variant}`,
          fill: drawing.colour("--bad"),
        }),
      ),
      Plot.text(labels(longestOf(rows), time, decades), {
        x: ({ row }) => keys(row),
        y: "at",
        text: "text",
        fontSize: 12,
        dx: 10,
        textAnchor: "start",
        fill: drawing.colour("--text"),
      }),
    ],
  });
};

/** Diagonal lines in the colour of errors, for `fill: url(#wrong)`. */
function hatching(colour: string) {
  return (...[, , , , { document }]: Parameters<RenderFunction>): SVGElement => {
    const make = (name: string, attributes: Readonly<Record<string, string | number>>) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
      return element;
    };
    const turn = { patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
    const pattern = make("pattern", { id: "wrong", width: 6, height: 6, ...turn });
    pattern.append(make("line", { y2: 6, stroke: colour, "stroke-width": 3 }));
    const definitions = make("defs", {});
    definitions.append(pattern);
    return definitions;
  };
}

/** Bars of operations a second at the longest length, from zero, with p10 to p90 and the measured peak. */
export const speedBars: Draw = (Plot, drawing) => {
  const longest = Math.max(...drawing.rows.map(keys));
  const rows = drawing.rows.filter((row) => keys(row) === longest && row.verdict !== "n/a");
  const right = rows.filter(isTimed);
  const at = (ms: number | null, row: BenchRow) => ((row.flops ?? 0) / (ms || 1)) * 1e-6;
  const peak = 1000 * (drawing.peaks?.tflopsF32.value ?? 0);
  const most = Math.max(1e-6, ...right.map((row) => at(row.p10Ms, row)));
  const isNear = peak > 0 && peak < 3 * most;
  const end = 1.05 * Math.max(most, isNear ? peak : 0);
  const wrong = rows.filter(({ verdict }) => verdict === "fail");
  const bad = drawing.colour("--bad");
  const order = drawing.ranked ? [...rows].sort((p, q) => speed(q) - speed(p)) : rows;
  return Plot.plot({
    ...frame(drawing),
    ...scale(drawing),
    height: 74 + 34 * rows.length,
    marginLeft: Math.max(60, 18 + 7.5 * Math.max(...rows.map(({ variant }) => variant.length))),
    marginBottom: 44,
    marginRight: 100,
    x: {
      label: `GFLOP/s at ${rows[0]?.batch ?? ""} →`,
      labelOffset: 36,
      grid: true,
      domain: [0, end],
      ticks: drawing.width < 480 ? 2 : 4,
    },
    y: { label: null, domain: order.map(({ variant }) => variant) },
    marks: [
      Plot.barX(right, { x: speed, y: "variant", fill: "variant", title: described, tip: true }),
      Plot.ruleY(right, {
        x1: (row: BenchRow) => at(row.p90Ms, row),
        x2: (row: BenchRow) => at(row.p10Ms, row),
        y: "variant",
        stroke: drawing.colour("--text"),
        strokeWidth: 1.5,
        marker: "tick",
      }),
      Plot.ruleX([0]),
      ...(isNear
        ? [
            Plot.ruleX([peak], { stroke: drawing.colour("--text"), strokeDasharray: "2 2" }),
            Plot.text([peak], {
              x: (value: number) => value,
              frameAnchor: "top",
              dy: -10,
              text: () => "measured peak",
              fill: drawing.colour("--muted"),
            }),
          ]
        : []),
      Plot.text(right, {
        x: (row: BenchRow) => at(row.p10Ms, row),
        y: "variant",
        text: (row: BenchRow) => `${digits(speed(row))} · ${percent(row.shareOfPeak)}`,
        dx: 8,
        textAnchor: "start",
        fill: drawing.colour("--text"),
      }),
      ...(wrong.length > 0 ? [hatching(bad)] : []),
      Plot.barX(wrong, {
        x1: 0,
        x2: 0.08 * end,
        y: "variant",
        fill: "url(#wrong)",
        stroke: bad,
        strokeWidth: 1.5,
        className: "wrong",
      }),
      Plot.text(wrong, {
        x: 0.08 * end,
        y: "variant",
        text: () => "✗ wrong: no speed",
        dx: 8,
        textAnchor: "start",
        fill: bad,
      }),
    ],
  });
};
