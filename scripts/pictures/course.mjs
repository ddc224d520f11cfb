// A picture for each section of docs/course.md: what its recorded run shows.
import { readFile } from "node:fs/promises";
import { element, label, line, picture, rect } from "./svg.mjs";

/** The title, or its beginning, of what is drawn of each section. */
const shown = {
  "language-model": "The ten likeliest next tokens",
  tokens: "Tokens",
  "bag-of-words": "Loss",
  "word-vectors": "Word vectors",
  sentences: "Nearest by the encoder",
  contextual: "The word's vectors",
  recurrent: "Accuracy by length",
  "attention-2014": "Accuracy by length",
  "transformer-2017": "“",
  architectures: "A decoder",
  bert: "Your text",
  gpt: "Loss by place",
  decoding: "Next token: temperature 0.5",
  cache: "Positions computed",
  block: "Loss with a layer",
  norms: "Loss",
  "self-attention": "A real head",
  heads: "Loss",
  sparse: "sparse",
  positions: "Answers",
  mixture: "The same for each voice",
};

const width = 720;
const digits = (value) => String(+value.toPrecision(3));
const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** Lines over an axis, each with its name in the legend. */
function chart(items, palette) {
  const [height, left, right, top, bottom] = [320, 64, 24, 72, 44];
  const [{ axes }] = items;
  const [xs, ys] = [0, 1].map((axis) => items.map(({ at }) => at[axis]));
  const [first, last] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [Math.min(0, ...ys), Math.max(...ys)];
  const x = (value) => left + ((value - first) / (last - first || 1)) * (width - left - right);
  const y = (value) => height - bottom - ((value - low) / (high - low || 1)) * (height - top - bottom);
  const names = [...new Set(items.map(({ line }) => line))];
  const steps = [0, 1, 2, 3, 4].map((i) => i / 4);
  const grid = steps.flatMap((share) => {
    const [across, up] = [first + share * (last - first), low + share * (high - low)];
    return [
      line(left, y(up), width - right, y(up), palette.line),
      label(left - 8, y(up) + 4, digits(up), palette.muted, { anchor: "end", size: 11 }),
      label(x(across), height - bottom + 18, digits(across), palette.muted, { anchor: "middle", size: 11 }),
    ];
  });
  const room = (width - left - right) / names.length;
  const curves = names.flatMap((name, i) => {
    const stroke = palette.series[i % palette.series.length];
    const points = items.filter((item) => item.line === name).map(({ at }) => [x(at[0]), y(at[1])]);
    const d = points.map(([px, py], j) => `${j === 0 ? "M" : "L"}${px.toFixed(1)} ${py.toFixed(1)}`).join("");
    return [
      element("path", { d, fill: "none", stroke, "stroke-width": 2 }),
      ...points.map(([cx, cy]) => element("circle", { cx, cy, r: points.length > 30 ? 1.5 : 3, fill: stroke })),
      line(left + i * room, 48, left + i * room + 16, 48, stroke, { "stroke-width": 3 }),
      label(left + i * room + 22, 52, cut(name, Math.floor((room - 24) / 6)), palette.text, { size: 12 }),
    ];
  });
  const named = label(width / 2, height - 8, `${axes[1]}, by ${axes[0]}`, palette.text, { anchor: "middle", size: 12 });
  return [height, [...grid, ...curves, named]];
}

function bars({ bars: all }, palette) {
  const largest = Math.max(...all.map(([, value]) => value));
  const rows = all.flatMap(([name, value], i) => [
    label(216, 62 + 24 * i, cut(name, 34), palette.text, { anchor: "end", size: 12 }),
    rect(226, 50 + 24 * i, (Math.max(0, value) / largest) * (width - 310), 15, palette.series[0]),
    label(width - 16, 62 + 24 * i, digits(value), palette.muted, { anchor: "end", size: 12 }),
  ]);
  return [24 * all.length + 60, rows];
}

function grid({ rows, columns, values }, palette) {
  const side = Math.min(56, Math.floor((width - 140) / columns.length));
  const [left, top] = [124, 112];
  const largest = Math.max(...values.flat().map((value) => Math.abs(value ?? 0)));
  const cells = values.flatMap((row, i) =>
    row.flatMap((value, j) =>
      typeof value !== "number"
        ? [rect(left + j * side, top + i * 26, side - 1, 25, palette.empty)]
        : [
            rect(left + j * side, top + i * 26, side - 1, 25, value < 0 ? palette.series[1] : palette.series[0], {
              "fill-opacity": 0.08 + (0.6 * Math.abs(value)) / largest,
            }),
            ...(side > 38
              ? [
                  label(left + (j + 0.5) * side, top + i * 26 + 17, digits(+value.toFixed(2)), palette.text, {
                    anchor: "middle",
                    size: 11,
                  }),
                ]
              : []),
          ],
    ),
  );
  return [
    top + 26 * rows.length + 16,
    [
      ...columns.map((name, j) =>
        label(left + (j + 0.5) * side + 4, top - 8, cut(name, 12), palette.text, { size: 11, rotate: -45 }),
      ),
      ...rows.map((name, i) =>
        label(left - 8, top + i * 26 + 17, cut(name, 16), palette.text, { anchor: "end", size: 12 }),
      ),
      ...cells,
    ],
  ];
}

function map({ pairs }, palette) {
  const points = pairs.flat();
  const range = (of) => [Math.min(...points.map(of)), Math.max(...points.map(of))];
  const [[x0, x1], [y0, y1]] = [range(({ x }) => x), range(({ y }) => y)];
  const at = ({ x, y }) => [30 + ((x - x0) / (x1 - x0)) * (width - 130), 410 - ((y - y0) / (y1 - y0)) * 350];
  const links = pairs.flatMap(([from, to]) => (from && to ? [line(...at(from), ...at(to), palette.muted)] : []));
  const marks = pairs.flatMap((pair) =>
    pair.flatMap((point, i) => {
      const [cx, cy] = at(point);
      return [
        element("circle", { cx, cy, r: 4, fill: palette.series[i] }),
        label(cx + 8, cy + 4, point.name, palette.text, { size: 12 }),
      ];
    }),
  );
  return [440, [...links, ...marks]];
}

const draw = { point: chart, bars, grid, map };

/** The picture of a section. */
async function drawn(id, palette) {
  const file = new URL(`../../examples/14-course/recorded/${id}.json`, import.meta.url);
  const items = JSON.parse(await readFile(file, "utf8")).shown.filter(
    ({ kind, title }) => kind !== "table" && title.startsWith(shown[id]),
  );
  const [{ kind, title }] = items;
  const [height, parts] = draw[kind](
    kind === "point" ? items.filter((item) => item.title === title) : items[0],
    palette,
  );
  return picture(
    width,
    height,
    palette,
    title,
    label(16, 26, title, palette.text, { size: 15, weight: 600 }),
    ...parts,
  );
}

/** The pictures of all sections, by their names. */
export const course = Object.fromEntries(
  Object.keys(shown).map((id) => [`course/${id}`, (palette) => drawn(id, palette)]),
);
