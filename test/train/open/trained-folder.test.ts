import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { openFolder } from "../../../src/formats/folder.ts";
import type { StackedSource } from "../../../src/models/decoders/family.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { openTrainable } from "../../../src/train/open/open-trainable.ts";
import { putStored, storedParts, trainedFolder } from "../../../src/train/open/trained-folder.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { readF32 } from "../../support/models/safetensors.ts";

const gpu = await quickGpu();

test.each(["gpt2", "qwen3", "mixtral", "deepseek", "gpt-oss"])(
  "%s: a folder of untrained weights has every bit, name and shape of the one it came from",
  async (name) => {
    const folder = `test/golden/gradients-${name}`;
    const source = await openFolder(folder);
    const trainable = await openTrainable(gpu, source);
    const { pieces, bytes } = await trainedFolder(source, trainable);
    const all: Uint8Array[] = [];
    for await (const piece of pieces()) all.push(piece.slice());
    const written = Buffer.concat(all);
    expect(written.length).toBe(bytes);
    const stored = readFileSync(`${folder}/model.safetensors`);
    expect(headerOf(written)).toEqual(headerOf(stored));
    const [before, after] = [readF32(stored), readF32(written)];
    for (const [tensor, numbers] of Object.entries(before)) expect(after[tensor], tensor).toEqual(numbers);
    trainable.dispose();
  },
);

interface Stored {
  readonly shape: readonly number[];
  readonly dtype: string;
}

function headerOf(file: Buffer): object {
  const header = JSON.parse(file.subarray(8, 8 + Number(file.readBigUInt64LE(0))).toString());
  const { __metadata__: _, ...tensors } = header as Record<string, Stored>;
  return Object.fromEntries(Object.entries(tensors).map(([name, { shape, dtype }]) => [name, { shape, dtype }]));
}

test("experts that are joined in the checkpoint: halves of one tensor, whose rows alternate on the device", () => {
  const [experts, hidden, width] = [3, 2, 4];
  const both = { name: "gate_up_proj", shape: [experts, 2 * hidden, width] };
  const half = (i: number) => ({ ...both, rows: [i * hidden, (i + 1) * hidden] as const });
  const stack: StackedSource = {
    label: "gate_up_proj",
    parts: Array.from({ length: experts }, (_, e) => [half(2 * e), half(2 * e + 1)]),
  };
  const rows = experts * 2 * hidden;
  const numbers = Float32Array.from({ length: rows * width }, (_, i) => i);
  const parameter = { name: stack.label, source: half(0), stack, tensor: tensor(gpu, [rows, width], numbers) };
  const into = new Float32Array(rows * width).fill(-1);
  let filled = 0;
  for (const part of storedParts(parameter, "gate_up_proj")) {
    const [begin, end] = part.rows.map((row) => row * part.columns);
    filled += putStored(part, numbers.slice(begin, end), into);
  }
  expect(filled).toBe(into.length);
  const firsts = Array.from({ length: rows }, (_, row) => (into[row * width] ?? -1) / width);
  expect(firsts).toEqual([0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11]);
  expect(storedParts(parameter, "down_proj")).toEqual([]);
});
