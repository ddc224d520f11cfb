import { digits, tick } from "../format.ts";
import type { Draw } from "./figure.tsx";
import type { Numbers } from "./numbers.ts";

type Size = Parameters<Draw>[1];

/** Shared by all figures. */
export const frame = ({ width, colour }: Size) => ({
  width,
  height: 260,
  style: { background: "transparent", color: colour("--text"), fontSize: "13px", overflow: "visible" },
  marginLeft: 56,
  marginBottom: 40,
  marginTop: 24,
});

/** Labels at the heights of lines, separated where they would overlap, and not above the highest line. */
export function apart<L extends { readonly value: number }>(
  lines: readonly L[],
  least: number,
): readonly (L & { at: number })[] {
  const sorted = [...lines].sort((a, b) => a.value - b.value);
  const [heights, top] = [sorted.map(({ value }) => value), sorted.at(-1)?.value ?? 0];
  for (let i = 1; i < heights.length; i++) heights[i] = Math.max(heights[i] ?? 0, (heights[i - 1] ?? 0) + least);
  for (let i = heights.length - 1, most = top; i >= 0; i--) {
    heights[i] = Math.min(heights[i] ?? 0, most);
    most = (heights[i] ?? 0) - least;
  }
  return sorted.map((line, i) => ({ ...line, at: heights[i] ?? line.value }));
}

/** Marks of lines, in their order. */
export const shapes = ["circle", "square", "triangle", "diamond", "star", "cross", "wye"] as const;

/** A line with its name. */
export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Lines over an axis, each with its mark and its name at its end. */
export const lineChart =
  (lines: readonly Line[], [x, y]: readonly [x: string, y: string]): Draw =>
  (Plot, size) => {
    const { colour } = size;
    const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
    const [low, high] = [Math.min(0, ...values), Math.max(0.1, ...values)];
    const ends = lines.flatMap(({ name, points }) => {
      const [at, value] = points.at(-1) ?? [];
      return at === undefined || value === undefined ? [] : [{ name, end: at, value }];
    });
    const long = lines.some(({ points }) => points.length > 40);
    return Plot.plot({
      ...frame(size),
      marginRight: 24,
      x: { label: `${x} →`, tickFormat: tick, ticks: 6 },
      y: { label: `↑ ${y}`, domain: [low, 1.05 * high], grid: true, ticks: 5 },
      marks: lines
        .flatMap(({ points }, i) => {
          const stroke = colour(`--series-${(i % 5) + 1}`);
          const symbol = shapes[i % shapes.length] ?? "circle";
          return [
            Plot.line(points, { stroke, strokeWidth: 2 }),
            Plot.dot(points, { fill: stroke, r: long ? 1.5 : 3, symbol }),
          ];
        })
        .concat(
          Plot.text(apart(ends, (high - low) / 14), {
            x: "end",
            y: "at",
            text: "name",
            dy: -8,
            textAnchor: "end" as const,
            fill: colour("--text"),
            stroke: colour("--paper"),
          }),
        ),
    });
  };

/** The points of lines as a table: a row for each x. */
export function lineNumbers(label: string, lines: readonly Line[], x: string): Numbers {
  const all = [...new Set(lines.flatMap(({ points }) => points.map(([at]) => at)))].sort((a, b) => a - b);
  return {
    label,
    columns: [x, ...lines.map(({ name }) => name)].map((name) => ({ name, show: digits })),
    rows: all.map((at) => [at, ...lines.map(({ points }) => points.find(([other]) => other === at)?.[1])]),
  };
}
