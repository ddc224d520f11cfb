import type { TrainingStep } from "../../../src/train/trainer/results.ts";
import { percent, tick } from "../../shell/format.ts";
import type { Draw } from "../../shell/plots/figure.tsx";
import { apart, frame, shapes } from "../../shell/plots/lines.ts";
import type { Baselines } from "../tasks/baselines.ts";
import type { History, Look } from "../worker/history.ts";
import type { MemoryLine } from "../worker/protocol.ts";

/** Maximum points of a line. */
const most = 300;

/** A point of a line that summarises several steps. */
export interface Point {
  readonly step: number;
  readonly value: number;
}

/** Means over equal numbers of steps, so that long runs are drawn with as many points as short ones. */
export function thinned(points: readonly Point[], count = most): readonly Point[] {
  const size = Math.ceil(points.length / count);
  if (size <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) => {
    const group = points.slice(i * size, (i + 1) * size);
    const mean = (of: (point: Point) => number) => group.reduce((sum, one) => sum + of(one), 0) / group.length;
    return { step: mean(({ step }) => step), value: mean(({ value }) => value) };
  });
}

const lossOf = ({ steps }: Pick<History, "steps">): readonly Point[] =>
  thinned(steps.filter(({ loss }) => Number.isFinite(loss)).map(({ step, loss }) => ({ step, value: loss })));

/** The loss of each step and of held-out examples, with the baselines. */
export const lossChart =
  (history: History, baselines: Baselines | undefined, before?: readonly TrainingStep[]): Draw =>
  (Plot, size) => {
    const { colour } = size;
    const steps = lossOf(history);
    const others = before ? lossOf({ steps: before }) : [];
    const looks = history.looks.map(({ step, loss }) => ({ step, value: loss }));
    const lines = baselines
      ? [
          { name: "ln V", value: baselines.uniform },
          { name: "unigram", value: baselines.unigram ?? Number.NaN },
          { name: "bigram", value: baselines.bigram ?? Number.NaN },
        ].filter(({ value }) => Number.isFinite(value))
      : [];
    const highest = Math.max(0.1, ...[...steps, ...looks, ...lines, ...others].map(({ value }) => value));
    const end = Math.max(10, ...[steps, looks, others].map((line) => line.at(-1)?.step ?? 0));
    return Plot.plot({
      ...frame(size),
      marginRight: 70,
      x: { label: "step →", domain: [0, end], tickFormat: tick, ticks: 6 },
      y: { label: "↑ loss, nats", domain: [0, 1.05 * highest], grid: true, ticks: 5 },
      marks: [
        Plot.ruleY(lines, { y: "value", stroke: colour("--border"), strokeDasharray: "4 3" }),
        Plot.text(apart(lines, highest / 14), {
          x: end,
          y: "at",
          text: "name",
          dx: 6,
          textAnchor: "start" as const,
          fill: colour("--muted"),
        }),
        Plot.lineY(others, { x: "step", y: "value", stroke: colour("--muted"), strokeDasharray: "1 3" }),
        Plot.lineY(steps, { x: "step", y: "value", stroke: colour("--series-1"), strokeWidth: 1.5 }),
        Plot.lineY(looks, {
          x: "step",
          y: "value",
          stroke: colour("--series-2"),
          strokeWidth: 2,
          strokeDasharray: "6 3",
        }),
        Plot.dot(looks, {
          x: "step",
          y: "value",
          fill: colour("--series-2"),
          r: looks.length > 40 ? 1.5 : 3,
          symbol: "square",
        }),
      ],
    });
  };

/** The held-out accuracy. */
export const accuracyChart =
  (looks: readonly Look[], guess: Baselines["guess"]): Draw =>
  (Plot, size) => {
    const { colour } = size;
    const lines = guess ? [{ value: guess.share, name: guess.name }] : [];
    const end = Math.max(10, looks.at(-1)?.step ?? 0);
    return Plot.plot({
      ...frame(size),
      marginRight: guess ? 90 : 70,
      x: { label: "step →", domain: [0, end], tickFormat: tick, ticks: 6 },
      y: {
        label: "↑ right",
        domain: [0, 1],
        grid: true,
        ticks: 5,
        tickFormat: (share: number) => percent(share).replace(".0 %", " %"),
      },
      marks: [
        Plot.ruleY([0]),
        Plot.ruleY(lines, { y: "value", stroke: colour("--border"), strokeDasharray: "4 3" }),
        Plot.text(lines, {
          x: end,
          y: "value",
          text: "name",
          dx: 6,
          textAnchor: "start" as const,
          fill: colour("--muted"),
        }),
        Plot.lineY(looks, { x: "step", y: "accuracy", stroke: colour("--series-3"), strokeWidth: 2 }),
        Plot.dot(looks, { x: "step", y: "accuracy", fill: colour("--series-3"), r: looks.length > 40 ? 1.5 : 3 }),
      ],
    });
  };

/** A number per part of the model over the evaluations, on a logarithmic axis. */
export const partsChart =
  (looks: readonly Look[], parts: readonly string[], of: "norms" | "ratios", label: string): Draw =>
  (Plot, size) => {
    const { colour } = size;
    const rows = looks.flatMap((look) =>
      (look[of] ?? []).flatMap((value, i) =>
        value > 0 && Number.isFinite(value) ? [{ step: look.step, value, part: parts[i] ?? "" }] : [],
      ),
    );
    const end = Math.max(10, looks.at(-1)?.step ?? 0);
    const last = parts.flatMap((part) => rows.findLast((row) => row.part === part) ?? []);
    // The axis reaches to the dashed line too.
    const logs = [...rows.map(({ value }) => Math.log10(value)), ...(of === "ratios" ? [-3] : [])];
    const span = Math.max(1, Math.max(...logs) - Math.min(...logs));
    const labels = apart(
      last.map((row) => ({ ...row, value: Math.log10(row.value) })),
      span / 12,
    ).map(({ at, ...row }) => ({ ...row, at: 10 ** at }));
    return Plot.plot({
      ...frame(size),
      marginRight: 96,
      x: { label: "step →", domain: [0, end], tickFormat: tick, ticks: 6 },
      y: {
        type: "log",
        label,
        grid: true,
        ticks: 5,
        tickFormat: (value: number) => String(Number(value.toPrecision(3))),
      },
      color: { domain: [...parts], range: parts.map((_, i) => colour(`--series-${(i % 5) + 1}`)) },
      symbol: { domain: [...parts], range: parts.map((_, i) => shapes[i % shapes.length] ?? "circle") },
      marks: [
        of === "ratios" ? Plot.ruleY([1e-3], { stroke: colour("--border"), strokeDasharray: "4 3" }) : null,
        Plot.lineY(rows, { x: "step", y: "value", z: "part", stroke: "part", strokeWidth: 1.5 }),
        rows.length < 200 ? Plot.dot(rows, { x: "step", y: "value", stroke: "part", symbol: "part", r: 3 }) : null,
        Plot.text(labels, {
          x: end,
          y: "at",
          text: "part",
          dx: 8,
          textAnchor: "start" as const,
          fill: colour("--text"),
        }),
      ],
    });
  };

/** What is kept between the passes, as labelled in the figure. */
export const recomputeWords: Readonly<Record<string, string>> = {
  nothing: "all kept",
  cheap: "cheap again",
  layers: "layers again",
};

/** Live memory over the calls of a step, forward and backward, with each way to keep what gradients read. */
export const memoryChart =
  (lines: readonly MemoryLine[]): Draw =>
  (Plot, size) => {
    const { colour } = size;
    const highest = Math.max(...lines.flatMap(({ alive }) => alive));
    const [unit, name] = highest >= 2 ** 20 ? [2 ** 20, "MiB"] : [2 ** 10, "KiB"];
    const names = lines.map(({ recompute }) => recomputeWords[recompute] ?? recompute);
    // Both halves are equally wide in each line, although recomputation adds calls to the second.
    const rows = lines.flatMap(({ alive, backward }, i) =>
      alive.map((bytes, call) => ({
        at: call < backward ? call / backward : 1 + (call - backward) / Math.max(1, alive.length - 1 - backward),
        value: bytes / unit,
        way: names[i] ?? "",
      })),
    );
    const tops = lines.map(({ alive }, i) => ({ way: names[i] ?? "", value: Math.max(...alive) / unit }));
    const labels = apart(tops, highest / unit / 10);
    return Plot.plot({
      ...frame(size),
      marginRight: 96,
      x: { label: null, ticks: [0.5, 1.5], tickFormat: (at: number) => (at < 1 ? "forward" : "backward"), tickSize: 0 },
      y: { label: `↑ alive, ${name}`, grid: true, ticks: 5, domain: [0, (1.05 * highest) / unit] },
      color: { domain: names, range: names.map((_, i) => colour(`--series-${i + 1}`)) },
      marks: [
        Plot.ruleX([1], { stroke: colour("--border"), strokeDasharray: "4 3" }),
        ...names.map((way, i) =>
          Plot.lineY(
            rows.filter((row) => row.way === way),
            {
              x: "at",
              y: "value",
              stroke: "way",
              z: "way",
              curve: "step",
              strokeDasharray: ["none", "6 3", "2 2"][i] ?? "none",
            },
          ),
        ),
        Plot.ruleY(labels, { y: "at", stroke: "way", x1: 1.9, x2: 2, strokeWidth: 3 }),
        Plot.text(labels, {
          x: 2,
          y: "at",
          text: (label: { way: string }) => label.way,
          dx: 8,
          textAnchor: "start" as const,
          fill: colour("--text"),
        }),
        Plot.ruleY([0]),
      ],
    });
  };
