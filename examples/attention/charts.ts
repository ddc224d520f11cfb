import type { BenchRow, Peaks } from "../../bench/result.ts";
import { digits, percent } from "../site/format.ts";

/** The library, which is fetched when the first chart is drawn. */
export type Plot = typeof import("@observablehq/plot");

/** What all plots of a result need. */
export interface Drawing {
  readonly rows: readonly BenchRow[];
  readonly peaks: Peaks | null;
  readonly variants: readonly string[];
  readonly width: number;
  readonly colour: (name: string) => string;
  readonly marked: string | undefined;
}

/** Draws one chart. */
export type Draw = (plot: Plot, drawing: Drawing) => Element;

const shapes = ["circle", "square", "triangle", "diamond", "star", "cross"] as const;
const queries = (row: BenchRow) => Number(/q(\d+)/.exec(row.batch)?.[1] ?? 0) * (/q\d+k/.test(row.batch) ? 1024 : 1);
/** Keys of a row's batch, of its longest kind of sequence. */
export const keys = (row: BenchRow) => {
  const found = /s(\d+)(k?)/.exec(row.batch);
  return found ? Number(found[1]) * (found[2] ? 1024 : 1) : queries(row);
};

const scale = ({ variants, colour }: Drawing) => ({
  color: { domain: variants, range: variants.map((_, i) => colour(`--series-${(i % 5) + 1}`)) },
  symbol: { domain: variants, range: variants.map((_, i) => shapes[i % shapes.length] ?? "circle") },
});

const frame = ({ width, colour }: Drawing) => ({
  width,
  style: { background: "transparent", color: colour("--text"), fontSize: "13px", overflow: "visible" },
  marginLeft: 60,
  marginRight: 90,
});

/** Lines of time over length, both axes logarithmic. */
export const timeOverLength: Draw = (Plot, drawing) => {
  const rows = drawing.rows.filter(({ verdict, medianMs }) => verdict === "pass" && medianMs !== null);
  const last = new Map(rows.map((row) => [row.variant, row]));
  return Plot.plot({
    ...frame(drawing),
    ...scale(drawing),
    height: 320,
    x: { type: "log", base: 2, label: "keys →", ticks: [...new Set(rows.map(keys))], tickFormat: String, grid: true },
    y: { type: "log", label: "↑ time, ms", grid: true, tickFormat: (value: number) => digits(value) },
    marks: [
      Plot.areaY(rows, { x: keys, y1: "p10Ms", y2: "p90Ms", fill: "variant", fillOpacity: 0.15 }),
      Plot.lineY(rows, { x: keys, y: "medianMs", stroke: "variant", strokeWidth: 2 }),
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
      Plot.text([...last.values()], {
        x: keys,
        y: "medianMs",
        text: "variant",
        dx: 10,
        textAnchor: "start",
        fill: drawing.colour("--text"),
      }),
    ],
  });
};

/** Bars of operations a second at the longest length. */
export const speedBars: Draw = (Plot, drawing) => {
  const lengths = drawing.rows.map(keys);
  const rows = drawing.rows.filter((row) => keys(row) === Math.max(...lengths) && row.verdict !== "n/a");
  const masks = new Set(rows.map(({ mask }) => mask));
  const name = (row: BenchRow) => (masks.size > 1 ? `${row.variant} · ${row.mask}` : row.variant);
  const right = rows.filter(({ verdict }) => verdict === "pass");
  return Plot.plot({
    ...frame(drawing),
    ...scale(drawing),
    height: 70 + 34 * rows.length,
    marginLeft: masks.size > 1 ? 190 : 90,
    marginBottom: 40,
    x: {
      label: `GFLOP/s at ${rows[0]?.batch ?? ""} →`,
      grid: true,
      domain: [0, 1.1 * Math.max(1e-6, ...right.map(speed))],
      ticks: 4,
    },
    y: { label: null, domain: [...rows].sort((p, q) => speed(q) - speed(p)).map(name) },
    marks: [
      Plot.barX(right, { x: speed, y: name, fill: "variant", title: described, tip: true }),
      Plot.ruleX([0]),
      Plot.text(right, {
        x: speed,
        y: name,
        text: (row: BenchRow) => `${digits(speed(row))} · ${percent(row.shareOfPeak)}`,
        dx: 6,
        textAnchor: "start",
        fill: drawing.colour("--text"),
      }),
      Plot.text(
        rows.filter(({ verdict }) => verdict === "fail"),
        {
          x: () => 0,
          y: name,
          text: () => "✗ wrong: no speed",
          dx: 6,
          textAnchor: "start",
          fill: drawing.colour("--bad"),
        },
      ),
    ],
  });
};

/** Measured ceilings, and where each variant stands below them. */
export const roofline: Draw = (Plot, drawing) => {
  const rows = drawing.rows.filter(
    ({ verdict, flops, bytes, medianMs }) => verdict === "pass" && flops && bytes && medianMs,
  );
  const compute = 1000 * (drawing.peaks?.tflopsF32.value ?? 0);
  const bandwidth = drawing.peaks?.copyGbs.value ?? 0;
  const intensities = rows.map(intensity);
  const ridge = compute / bandwidth;
  const [low, high] = [Math.min(0.5, ...intensities) / 2, Math.max(4 * ridge, 2 * Math.max(...intensities))];
  const last = new Map(rows.map((row) => [row.variant, row]));
  const roof = (x: number) => Math.min(compute, bandwidth * x);
  return Plot.plot({
    ...frame(drawing),
    ...scale(drawing),
    height: 320,
    x: {
      type: "log",
      label: "FLOP per compulsory byte →",
      domain: [low, high],
      grid: true,
      tickFormat: (value: number) => digits(value),
    },
    y: {
      type: "log",
      label: "↑ GFLOP/s",
      domain: [Math.min(...rows.map(speed)) / 3, compute * 2],
      grid: true,
      tickFormat: (value: number) => digits(value),
    },
    marks: [
      Plot.line(
        [low, ridge, high].map((x) => ({ x, y: roof(x) })),
        { x: "x", y: "y", stroke: drawing.colour("--text"), strokeWidth: 1.5 },
      ),
      Plot.text([{ x: Math.sqrt(low * ridge), y: roof(Math.sqrt(low * ridge)) }], {
        x: "x",
        y: "y",
        text: () => `copy ${digits(bandwidth)} GB/s`,
        textAnchor: "start",
        dx: 10,
        dy: 4,
        fill: drawing.colour("--muted"),
      }),
      Plot.text([{ x: high, y: compute }], {
        x: "x",
        y: "y",
        text: () => `f32 ${digits(compute)} GFLOP/s, ridge at ${digits(ridge)}`,
        textAnchor: "end",
        dy: 12,
        fill: drawing.colour("--muted"),
      }),
      Plot.link(
        rows.filter(({ id }) => id === drawing.marked),
        {
          x1: intensity,
          x2: intensity,
          y1: speed,
          y2: (row: BenchRow) => roof(intensity(row)),
          stroke: "variant",
          strokeDasharray: "3 3",
        },
      ),
      Plot.dot(rows, {
        x: intensity,
        y: speed,
        stroke: "variant",
        symbol: "variant",
        r: 5,
        tip: true,
        title: described,
      }),
      Plot.text([...last.values()], {
        x: intensity,
        y: speed,
        text: "variant",
        dx: 10,
        textAnchor: "start",
        fill: drawing.colour("--text"),
      }),
      Plot.text(
        rows.filter(({ id }) => id === drawing.marked),
        {
          x: intensity,
          y: speed,
          text: (row: BenchRow) => `${percent(row.shareOfPeak)} of roof`,
          dx: 10,
          dy: -14,
          textAnchor: "start",
          fill: drawing.colour("--text"),
        },
      ),
    ],
  });
};

const speed = (row: BenchRow) => 1000 * (row.tflops ?? 0);
const intensity = (row: BenchRow) => (row.flops ?? 0) / (row.bytes ?? 1);
const described = (row: BenchRow) =>
  `${row.variant}, ${row.batch}, ${row.mask ?? "no mask"}\n${digits(row.medianMs)} ms (${digits(row.p10Ms)}–${digits(row.p90Ms)}), ${digits(speed(row))} GFLOP/s`;
