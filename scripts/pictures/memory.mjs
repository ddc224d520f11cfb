// The memory of a block's temporaries as the planner shares it: a row for each, over the dispatches of its life, in the
// colour of its buffer.
import { build } from "esbuild";
import { label, line, picture, rect } from "./svg.mjs";

/** Of GPT-2 small, for 128 tokens. */
const [tokens, width, hidden] = [128, 768, 3072];

/** The dispatches of a block: what each reads, and what it writes. */
const dispatches = [
  ["norm", ["x"], ["normed"]],
  ["q, k, v", ["normed"], ["qkv"]],
  ["attention", ["qkv"], ["attended"]],
  ["project", ["attended"], ["projected"]],
  ["add, norm", ["x", "projected"], ["sum", "normed 2"]],
  ["up, gelu", ["normed 2"], ["hidden"]],
  ["down", ["hidden"], ["down"]],
  ["add", ["sum", "down"], ["y"]],
];
const columns = { qkv: 3 * width, hidden };

async function planner() {
  const resolveDir = new URL("../..", import.meta.url).pathname;
  const contents = `export { planMemory } from "./src/gpu/program/plan.ts";`;
  const stdin = { contents, resolveDir, loader: "ts" };
  const { outputFiles } = await build({ stdin, bundle: true, format: "esm", platform: "node", write: false });
  const { planMemory } = await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`
  );
  return planMemory;
}

const kilobytes = (bytes) => `${Math.round(bytes / 1024)} KiB`;

export async function memory(palette) {
  const planMemory = await planner();
  const storages = new Map();
  const storageOf = (name) => {
    if (!storages.has(name)) storages.set(name, { name, bytes: 4 * tokens * (columns[name] ?? width) });
    return storages.get(name);
  };
  const operations = dispatches.map(([, reads, writes]) => ({
    kind: "dispatch",
    dispatch: {
      bindings: [
        ...reads.map((name) => ({ access: "read", storage: storageOf(name) })),
        ...writes.map((name) => ({ access: "read_write", storage: storageOf(name) })),
      ],
    },
  }));
  const temporaries = [...storages.values()].filter(({ name }) => name !== "x" && name !== "y");
  const { colours, sizes } = planMemory(operations, new Set(temporaries));
  const { text, muted, paper, series } = palette;
  const [left, top, step, height] = [150, 64, 82, 26];
  const parts = [
    label(24, 28, "temporaries of a block, from the first dispatch that touches them to the last", text, {
      weight: 600,
    }),
  ];
  dispatches.forEach(([name], i) => {
    const x = left + i * step;
    parts.push(label(x + step / 2, top - 12, name, muted, { anchor: "middle", size: 12 }));
    parts.push(line(x, top - 4, x, top + temporaries.length * height, palette.line));
  });
  temporaries.forEach((storage, row) => {
    const y = top + row * height;
    const uses = operations.flatMap(({ dispatch }, i) =>
      dispatch.bindings.some((one) => one.storage === storage) ? [i] : [],
    );
    const [first = 0, last = 0] = [uses[0], uses.at(-1)];
    const colour = colours.get(storage) ?? 0;
    parts.push(
      label(left - 12, y + 17, `${storage.name}: ${kilobytes(storage.bytes)}`, text, { anchor: "end", size: 12 }),
    );
    parts.push(
      rect(left + first * step + 2, y + 3, (last - first + 1) * step - 4, height - 6, series[colour % series.length], {
        rx: 4,
      }),
    );
    parts.push(label(left + first * step + 12, y + 17, `buffer ${colour + 1}`, paper, { size: 12 }));
  });
  const asked = temporaries.reduce((sum, { bytes }) => sum + bytes, 0);
  const shared = sizes.reduce((sum, bytes) => sum + bytes, 0);
  const words = `${temporaries.length} temporaries of ${kilobytes(asked)} share ${sizes.length} buffers of ${kilobytes(shared)}`;
  const bottom = top + temporaries.length * height + 28;
  parts.push(label(left, bottom, words, text, { weight: 600 }));
  return picture(
    left + dispatches.length * step + 24,
    bottom + 20,
    palette,
    `Lifetimes of a block's temporaries: ${words}`,
    ...parts,
  );
}
