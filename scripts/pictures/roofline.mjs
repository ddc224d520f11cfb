// The roofline of measured results: each variant's speed against the limit that its bytes and operations set on that
// adapter.
import { readFile } from "node:fs/promises";
import { element, label, line, picture, rect } from "./svg.mjs";

const file = new URL("../../bench/results/llvmpipe-standard.json", import.meta.url);

export async function roofline(palette) {
  const { environment, peaks, rows } = JSON.parse(await readFile(file, "utf8"));
  const measured = rows.filter(
    ({ op, verdict, flops, bytes, medianMs }) =>
      op === "attention" && verdict === "pass" && flops > 0 && bytes > 0 && medianMs > 0,
  );
  const [width, height, left, right, top, bottom] = [880, 520, 78, 190, 64, 64];
  const intensity = ({ flops, bytes }) => flops / bytes;
  const reached = ({ flops, medianMs }) => flops / medianMs / 1e6; // GFLOP/s
  const [peak, copy] = [peaks.tflopsF32.value * 1000, peaks.copyGbs.value];
  const xs = measured.map(intensity);
  const ys = measured.map(reached);
  const range = (values) => [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))];
  const [x0, x1] = range(xs);
  const [y0, y1] = range([...ys, peak]);
  const x = (value) => left + ((Math.log10(value) - x0) / (x1 - x0)) * (width - left - right);
  const y = (value) => height - bottom - ((Math.log10(value) - y0) / (y1 - y0)) * (height - top - bottom);
  const parts = [];
  for (let power = x0; power <= x1; power++) {
    parts.push(line(x(10 ** power), top, x(10 ** power), height - bottom, palette.line));
    parts.push(label(x(10 ** power), height - bottom + 20, 10 ** power, palette.muted, { anchor: "middle", size: 12 }));
  }
  for (let power = y0; power <= y1; power++) {
    parts.push(line(left, y(10 ** power), width - right, y(10 ** power), palette.line));
    parts.push(label(left - 8, y(10 ** power) + 4, 10 ** power, palette.muted, { anchor: "end", size: 12 }));
  }
  const ridge = peak / copy;
  const floor = 10 ** y0;
  const start = Math.max(10 ** x0, floor / copy);
  const roof = { stroke: palette.text, fill: "none", "stroke-width": 2 };
  const end = 10 ** x1;
  const path =
    ridge > start
      ? `M${x(start)} ${y(start * copy)}L${x(Math.min(ridge, end))} ${y(Math.min(peak, end * copy))}L${x(end)} ${y(Math.min(peak, end * copy))}`
      : `M${x(10 ** x0)} ${y(peak)}L${x(end)} ${y(peak)}`;
  parts.push(element("path", { d: path, ...roof }));
  parts.push(
    label(width - right - 4, y(peak) - 8, `multiply-adds: ${peak.toFixed(0)} GFLOP/s`, palette.text, {
      anchor: "end",
      size: 12,
    }),
  );
  parts.push(
    label(width - right - 4, y(peak) + 18, `the slope is the copy bandwidth: ${copy.toFixed(1)} GB/s`, palette.muted, {
      anchor: "end",
      size: 12,
    }),
  );
  const variants = [...new Set(measured.map(({ variant }) => variant))];
  const shapes = ["circle", "square", "diamond"];
  variants.forEach((variant, i) => {
    const colour = palette.series[i % palette.series.length];
    const shape = shapes[Math.floor(i / palette.series.length) % shapes.length];
    const mark = (cx, cy) =>
      shape === "circle"
        ? element("circle", { cx, cy, r: 5, fill: colour, opacity: 0.85 })
        : rect(cx - 5, cy - 5, 10, 10, "none", {
            stroke: colour,
            "stroke-width": 2,
            transform: shape === "diamond" ? `rotate(45 ${cx} ${cy})` : undefined,
          });
    for (const row of measured) if (row.variant === variant) parts.push(mark(x(intensity(row)), y(reached(row))));
    parts.push(
      mark(width - right + 26, top + 10 + i * 24),
      label(width - right + 40, top + 14 + i * 24, variant, palette.text),
    );
  });
  parts.push(
    label(left, 26, "Attention: what each variant reached, and what the adapter allows", palette.text, {
      size: 16,
      weight: 600,
    }),
  );
  parts.push(
    label(
      left,
      46,
      `${environment.adapter}; measured ${environment.date.slice(0, 10)}, every result checked first`,
      palette.muted,
      { size: 12 },
    ),
  );
  parts.push(
    label((left + width - right) / 2, height - 16, "FLOPs a compulsory byte", palette.text, { anchor: "middle" }),
  );
  parts.push(label(22, (top + height - bottom) / 2, "GFLOP/s", palette.text, { anchor: "middle", rotate: -90 }));
  return picture(
    width,
    height,
    palette,
    `Roofline of attention on ${environment.adapter}: FLOPs a byte against GFLOP/s for ${variants.length} variants`,
    ...parts,
  );
}
