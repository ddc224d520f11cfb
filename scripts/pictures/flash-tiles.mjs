// How flash attention processes a causal mask: blocks of queries and tiles of keys, skipping empty tiles.
import { label, line, picture, rect } from "./svg.mjs";

export function flashTiles(palette) {
  const [blocks, size, left, top] = [6, 52, 110, 84];
  const [blue, orange] = palette.series;
  const parts = [];
  const focus = 3; // the block of queries whose path is drawn
  for (let row = 0; row < blocks; row++) {
    for (let column = 0; column < blocks; column++) {
      const [x, y] = [left + column * size, top + row * size];
      const kind = column < row ? "full" : column === row ? "edge" : "empty";
      const fill = kind === "full" ? blue : kind === "edge" ? orange : palette.empty;
      parts.push(
        rect(x + 1, y + 1, size - 2, size - 2, fill, { opacity: row === focus || kind === "empty" ? 1 : 0.35, rx: 3 }),
      );
      if (row === focus && kind !== "empty")
        parts.push(
          label(x + size / 2, y + size / 2 + 5, column + 1, palette.paper, { anchor: "middle", size: 15, weight: 700 }),
        );
    }
  }
  const y = top + focus * size;
  parts.push(
    rect(left - 4, y - 3, (focus + 1) * size + 8, size + 6, "none", { stroke: palette.text, "stroke-width": 2, rx: 5 }),
  );
  parts.push(label(left + (blocks * size) / 2, top - 34, "keys, KEYS at a time", palette.text, { anchor: "middle" }));
  parts.push(line(left, top - 22, left + blocks * size, top - 22, palette.muted));
  parts.push(
    label(left - 28, top + (blocks * size) / 2, "queries, ROWS to a workgroup", palette.text, {
      anchor: "middle",
      rotate: -90,
    }),
  );
  parts.push(line(left - 18, top, left - 18, top + blocks * size, palette.muted));
  const notes = [
    [blue, "full: every pair is visible, the mask is not asked"],
    [orange, "on the edge: mask_mod decides for each pair"],
    [palette.empty, "empty: never visited, nothing of k or v is loaded"],
  ];
  const x = left + blocks * size + 44;
  notes.forEach(([fill, words], i) => {
    parts.push(
      rect(x, top + 4 + i * 30, 18, 18, fill, { rx: 3 }),
      label(x + 28, top + 18 + i * 30, words, palette.text),
    );
  });
  const steps = [
    "One workgroup, tile after tile (1, 2, 3, 4):",
    "scores = scale · q · kᵀ, in registers, never in memory",
    "maximum = max(maximum, scores)",
    "accumulator and sum · exp(old maximum − maximum)",
    "weights = exp(scores − maximum)",
    "sum + weights, accumulator + weights · v",
    "at the end: out = accumulator / sum",
  ];
  steps.forEach((words, i) => {
    parts.push(
      label(x + (i === 0 ? 0 : 14), top + 128 + i * 26, words, i === 0 ? palette.text : palette.muted, {
        weight: i === 0 ? 600 : undefined,
      }),
    );
  });
  return picture(
    880,
    430,
    palette,
    "Flash attention over a causal mask: a block of queries visits the tiles of keys that the mask leaves, full ones without asking it, and keeps a running maximum, sum and accumulator",
    ...parts,
  );
}
