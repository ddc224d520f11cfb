import type { BenchRow } from "../../../bench/result.ts";
import { digits, percent, tick } from "../../shell/format.ts";
import { longestOf } from "../results/families.ts";
import { type Draw, described, frame, scale, speed } from "./charts.ts";
import { labels, nameRoom } from "./labels.ts";

const intensity = (row: BenchRow) => (row.flops ?? 0) / (row.bytes ?? 1);

/** Measured ceilings, and how far below them each variant is. */
export const roofline: Draw = (Plot, drawing) => {
  const rows = drawing.rows.filter(
    ({ verdict, flops, bytes, medianMs }) => verdict === "pass" && flops && bytes && medianMs,
  );
  const compute = 1000 * (drawing.peaks?.tflopsF32.value ?? 0);
  const bandwidth = drawing.peaks?.copyGbs.value ?? 0;
  const intensities = rows.map(intensity);
  const ridge = compute / bandwidth;
  const [low, high] = [Math.min(0.5, ...intensities) / 2, Math.max(4 * ridge, 2 * Math.max(...intensities))];
  const [least, most] = [Math.min(...rows.map(speed)) / 3, compute * 2];
  const marginRight = nameRoom(rows, drawing.width);
  // The bandwidth's ceiling rises a decade with each; its text follows it.
  const across = (drawing.width - 60 - marginRight) / Math.log10(high / low);
  const up = (330 - 20 - 46) / Math.log10(most / least);
  const slope = (-180 / Math.PI) * Math.atan(up / across);
  const roof = (x: number) => Math.min(compute, bandwidth * x);
  return Plot.plot({
    ...frame(drawing),
    ...scale(drawing),
    height: 330,
    marginBottom: 46,
    marginRight,
    x: {
      type: "log",
      label: "FLOP per compulsory byte →",
      labelOffset: 38,
      domain: [low, high],
      grid: true,
      tickFormat: tick,
    },
    y: {
      type: "log",
      label: "↑ GFLOP/s",
      domain: [least, most],
      grid: true,
      tickFormat: tick,
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
        rotate: slope,
        dy: 11,
        fill: drawing.colour("--muted"),
      }),
      Plot.text([{ x: high, y: compute }], {
        x: "x",
        y: "y",
        text: () => `f32 ${digits(compute)} GFLOP/s${drawing.width < 400 ? "" : `, ridge at ${digits(ridge)}`}`,
        textAnchor: "end",
        dy: -9,
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
      Plot.text(labels(longestOf(rows), speed, Math.log10(most / least)), {
        x: ({ row }) => intensity(row),
        y: "at",
        text: "text",
        fontSize: 12,
        dx: 10,
        textAnchor: "start",
        fill: drawing.colour("--text"),
      }),
      Plot.text(
        rows.filter(({ id }) => id === drawing.marked),
        {
          x: intensity,
          y: speed,
          text: (row: BenchRow) => `${percent(row.shareOfPeak)} of roofline`,
          dx: 10,
          dy: -14,
          textAnchor: "start",
          fill: drawing.colour("--text"),
        },
      ),
    ],
  });
};
