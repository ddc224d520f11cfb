// What pre-training is worth: scores of each task against labelled examples, means of all seeds with their deviations.
import { readFile } from "node:fs/promises";
import { element, label, line, picture } from "./svg.mjs";

const file = new URL("../../examples/13-pretrain-finetune/results.json", import.meta.url);
const titles = {
  voice: "Name the voice: accuracy, %",
  capitals: "Restore capitals: F1, %",
  follows: "Does it follow? Accuracy, %",
};

const [width, height, left, top, bottom, gap] = [880, 360, 52, 84, 58, 46];
const panel = (width - left - 16 - 2 * gap) / 3;

/** The mean of scores and their standard deviation, in percent. */
function meanOf(scores) {
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const squares = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0);
  return [100 * mean, 100 * Math.sqrt(squares / Math.max(1, scores.length - 1))];
}

export async function pretraining(palette) {
  const { runs } = JSON.parse(await readFile(file, "utf8"));
  const nets = [...new Set(runs.map(({ net }) => net))];
  const sizes = [...new Set(runs.map(({ size }) => size))].toSorted((a, b) => a - b);
  const colours = new Map(nets.map((net, i) => [net, palette.series[i % palette.series.length]]));
  const panels = Object.entries(titles).map(([task, title], at) => {
    const x0 = left + at * (panel + gap);
    const x = (size) => x0 + 18 + (sizes.indexOf(size) / Math.max(1, sizes.length - 1)) * (panel - 36);
    const y = (score) => height - bottom - (score / 100) * (height - top - bottom);
    const grid = [0, 25, 50, 75, 100].flatMap((score) => [
      line(x0, y(score), x0 + panel, y(score), palette.line),
      label(x0 - 6, y(score) + 4, score, palette.muted, { anchor: "end", size: 11 }),
    ]);
    const curves = nets.flatMap((net, i) => {
      const shift = 4 * (i - (nets.length - 1) / 2); // so that spreads are next to one another
      const points = sizes.flatMap((size) => {
        const scores = runs.filter((run) => run.task === task && run.net === net && run.size === size);
        return scores.length === 0 ? [] : [[x(size) + shift, ...meanOf(scores.map(({ score }) => score))]];
      });
      const stroke = colours.get(net);
      const path = points
        .map(([px, mean], j) => `${j === 0 ? "M" : "L"}${px.toFixed(1)} ${y(mean).toFixed(1)}`)
        .join("");
      const marks = points.flatMap(([px, mean, deviation]) => [
        line(px, y(Math.min(100, mean + deviation)), px, y(Math.max(0, mean - deviation)), stroke, {
          "stroke-width": 2,
        }),
        element("circle", { cx: px, cy: y(mean), r: 4, fill: stroke }),
      ]);
      return points.length === 0
        ? []
        : [element("path", { d: path, fill: "none", stroke, "stroke-width": 2 }), ...marks];
    });
    return [
      label(x0, top - 14, title, palette.text, { weight: 600 }),
      ...grid,
      ...sizes.map((size) => label(x(size), height - bottom + 18, size, palette.muted, { anchor: "middle", size: 12 })),
      ...curves,
    ];
  });
  const legend = nets.flatMap((net, i) => [
    line(left + i * 150, 44, left + i * 150 + 22, 44, colours.get(net), { "stroke-width": 3 }),
    label(left + i * 150 + 28, 48, net, palette.text),
  ]);
  return picture(
    width,
    height,
    palette,
    `Scores of three tasks against labelled examples (${sizes.join(", ")}) for ${nets.join(", ")}`,
    label(left, 26, "What pre-training is worth", palette.text, { size: 16, weight: 600 }),
    ...legend,
    ...panels,
    label(width / 2, height - 14, "labelled examples", palette.text, { anchor: "middle" }),
  );
}
