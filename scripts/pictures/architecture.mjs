// The way of a token through the engine: from text to text, with the folders that hold each step.
import { label, line, picture, rect } from "./svg.mjs";

const steps = [
  ["text", "“The sea”", "text/"],
  ["ids", "[t] integers", "text/"],
  ["embed", "[t, c]", "kernels/embedding"],
  ["blocks × n", "[t, c]", "blocks/"],
  ["head", "[v] logits", "models/"],
  ["sample", "one id", "generate/"],
];
const block = [
  ["norm", "kernels/norm"],
  ["q, k, v", "kernels/matmul"],
  ["rotate", "kernels/rope"],
  ["store", "kernels/kv-cache"],
  ["attend", "kernels/attention"],
  ["project", "kernels/matmul"],
  ["norm", "kernels/norm"],
  ["feed forward, or experts", "kernels/elementwise, moe"],
];

export function architecture(palette) {
  const [blue, orange, green] = palette.series;
  const { text, muted, empty, paper } = palette;
  const middle = { anchor: "middle" };
  const parts = [];
  const arrow = (x1, y1, x2, y2) => {
    const [dx, dy] = [Math.sign(x2 - x1), Math.sign(y2 - y1)];
    parts.push(line(x1, y1, x2, y2, muted, { "stroke-width": 1.5 }));
    for (const side of [-4, 4]) {
      parts.push(line(x2 - 7 * dx + side * dy, y2 - 7 * dy + side * dx, x2, y2, muted, { "stroke-width": 1.5 }));
    }
  };
  steps.forEach(([name, shape, folder], i) => {
    const x = 24 + i * 142;
    const fill = [empty, empty, orange, blue, orange, green][i];
    const ink = fill === empty ? text : paper;
    parts.push(rect(x, 40, 118, 56, fill, { rx: 6 }));
    parts.push(
      label(x + 59, 64, name, ink, { ...middle, weight: 600 }),
      label(x + 59, 84, shape, ink, { ...middle, size: 12 }),
    );
    parts.push(label(x + 59, 114, folder, muted, { ...middle, size: 12 }));
    if (i > 0) arrow(x - 22, 68, x - 3, 68);
  });
  // The id that was drawn is embedded next.
  parts.push(
    line(793, 38, 793, 20, muted, { "stroke-width": 1.5 }),
    line(793, 20, 367, 20, muted, { "stroke-width": 1.5 }),
  );
  arrow(367, 20, 367, 37);
  parts.push(label(580, 15, "the next token, and as text to the reader", muted, { ...middle, size: 12 }));
  for (const x of [450, 568])
    parts.push(line(x, 122, x === 450 ? 24 : 852, 146, palette.line, { "stroke-width": 1.5 }));
  parts.push(rect(24, 146, 828, 118, "none", { stroke: palette.line, "stroke-width": 1.5, rx: 8 }));
  parts.push(label(40, 168, "a block: attention, then feed forward, each added to the stream", text, { weight: 600 }));
  let x = 40;
  block.forEach(([name, folder], i) => {
    const width = i === block.length - 1 ? 168 : 78;
    parts.push(
      rect(x, 182, width, 34, blue, { rx: 5 }),
      label(x + width / 2, 204, name, paper, { ...middle, size: 12 }),
    );
    const [first = "", second = ""] = folder.split(/(?<=\/)/);
    parts.push(label(x + width / 2, 234, first, muted, { ...middle, size: 11 }));
    parts.push(label(x + width / 2, 249, second, muted, { ...middle, size: 11 }));
    if (i > 0) arrow(x - 8, 199, x - 1, 199);
    x += width + 10;
  });
  const description =
    "Text becomes ids, which are embedded, pass through n blocks and the head, and give logits, of which an id is sampled. " +
    "A block normalises, projects to q, k and v, rotates, stores keys and values, attends, projects, normalises and feeds forward";
  return picture(876, 284, palette, description, ...parts);
}
