// A dispatch on a GPU, its workgroups, their threads in subgroups, and the memory of each.
import { label, line, picture, rect } from "./svg.mjs";

export function gpu(palette) {
  const [blue, orange, green] = palette.series;
  const { text, muted, empty, paper } = palette;
  const centred = { anchor: "middle" };
  const parts = [label(24, 34, "a dispatch: a grid of workgroups", text, { weight: 600 })];
  for (let i = 0; i < 12; i++) {
    const [x, y] = [24 + (i % 4) * 56, 52 + Math.floor(i / 4) * 56];
    parts.push(rect(x, y, 48, 48, i === 7 ? blue : empty, { rx: 4 }));
    parts.push(label(x + 24, y + 29, i, i === 7 ? paper : muted, centred));
  }
  parts.push(label(312, 34, "workgroup 7: 16 threads, in subgroups of 8", text, { weight: 600 }));
  for (const end of [52, 220]) parts.push(line(24 + 3 * 56 + 48, end === 52 ? 108 : 156, 312, end, muted));
  for (let i = 0; i < 16; i++) {
    const [x, y] = [320 + (i % 8) * 36, 68 + Math.floor(i / 8) * 84];
    if (i % 8 === 0)
      parts.push(rect(x - 8, y - 16, 296, 84, "none", { stroke: palette.line, "stroke-width": 1.5, rx: 6 }));
    parts.push(rect(x, y, 28, 28, blue, { rx: 3 }), label(x + 14, y + 19, i, paper, centred));
    parts.push(rect(x, y + 36, 28, 20, orange, { rx: 3 }));
  }
  parts.push(rect(312, 244, 296, 30, green, { rx: 4 }));
  parts.push(label(460, 264, "workgroup memory", paper, { ...centred, weight: 600 }));
  parts.push(rect(24, 290, 832, 34, empty, { rx: 4 }));
  parts.push(label(440, 312, "storage buffers: read and written by all workgroups", text, { ...centred, weight: 600 }));
  const notes = [
    [blue, "a thread: one run of main()"],
    [orange, "its registers: let and var"],
    [green, "shared by its threads"],
    [empty, "shared by all, and the slowest"],
  ];
  notes.forEach(([fill, words], i) => {
    const y = 72 + i * 34;
    parts.push(rect(636, y - 14, 18, 18, fill, { rx: 3 }), label(662, y, words, text, { size: 12 }));
  });
  return picture(
    880,
    340,
    palette,
    "A dispatch is a grid of workgroups. A workgroup has threads, which run in subgroups. A thread has registers, a workgroup has workgroup memory, and all share storage buffers",
    ...parts,
  );
}
