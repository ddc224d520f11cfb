// How much memory repacking takes: the codes of a matrix as the file has them, and a piece of it as it is wanted.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { quantisedWeights } from "../../src/formats/quantised/entry.ts";
import type { FileSource } from "../../src/formats/source.ts";
import { openWeights } from "../../src/formats/weights.ts";
import { countLosses } from "../../src/models/weights/conversion.ts";
import { piecesOf, storedRows } from "../../src/models/weights/stored-rows.ts";
import type { DType } from "../../src/tensor/formats/formats.ts";
import { withHeader } from "../formats/checkpoint-bytes.ts";
import { first } from "../support/first-tier.ts";

setFlagsFromString("--expose-gc");
const collectOnce = runInNewContext("gc") as () => void;

/** Collects what nothing refers to. Buffers are freed on another thread, which a second collection waits for. */
function collect(): void {
  collectOnce();
  collectOnce();
}

const [out, input, size] = [8192, 4096, 128];
const groups = input / size;
const packed = (out * input) / 2;
const mebibyte = 2 ** 20;

/** A file of these tensors, whose bytes are made when they are read, so that the file itself takes no memory. */
function madeFile(tensors: Readonly<Record<string, readonly [dtype: string, ...shape: number[]]>>): FileSource {
  const header: Record<string, object> = {};
  let end = 0;
  for (const [name, [dtype, ...shape]] of Object.entries(tensors)) {
    const begin = end;
    end += shape.reduce((product, extent) => product * extent, dtype === "I32" ? 4 : 2);
    header[name] = { dtype, shape, data_offsets: [begin, end] };
  }
  const head = withHeader(JSON.stringify(header));
  return {
    name: "made",
    has: async (file) => file === "model.safetensors",
    size: async () => head.length + end,
    read: async (_, from, to) => {
      const bytes = new Uint8Array(to - from);
      if (from < head.length) bytes.set(head.subarray(from, Math.min(to, head.length)));
      return bytes;
    },
  };
}

const awq = madeFile({
  "m.qweight": ["I32", input, out / 8],
  "m.qzeros": ["I32", groups, out / 8],
  "m.scales": ["F16", groups, out],
});
const gptq = madeFile({
  "m.qweight": ["I32", input / 8, out],
  "m.qzeros": ["I32", groups, out / 8],
  "m.scales": ["F16", groups, out],
});
const ordered = madeFile({
  "m.qweight": ["I32", input / 8, out],
  "m.qzeros": ["I32", groups, out / 8],
  "m.scales": ["F16", groups, out],
  "m.g_idx": ["I32", input],
});
const method = { quant_method: "gptq", bits: 4, group_size: size };

test.each<[string, FileSource, object, DType]>([
  ["AWQ", awq, { quant_method: "awq", bits: 4, group_size: size }, "int4_128"],
  ["GPTQ", gptq, method, "int4_128"],
  ["GPTQ by activation order, which becomes f32", ordered, { ...method, desc_act: true }, "f32"],
])("%s: the packed matrix, and some pieces", first, async (_, file, settings, dtype) => {
  const { weights } = quantisedWeights(await openWeights(file), { quantization_config: settings }, false);
  const stored = storedRows(weights, { name: "m.weight", shape: [out, input] }, false);
  const pieces = piecesOf([stored], dtype, countLosses());
  expect(pieces.length).toBeGreaterThan(4);
  collect();
  const before = process.memoryUsage().arrayBuffers;
  const used = () => process.memoryUsage().arrayBuffers - before;
  let [held, allocated, bytes] = [0, 0, 0];
  const stream = weights.readInOrder(pieces.flatMap(({ reads }) => reads));
  for (const { reads, decode } of pieces) {
    collect();
    const given = [];
    for (const _ of reads) given.push((await stream.next()).value ?? new Uint8Array());
    const planes = Object.values(decode(given));
    allocated = Math.max(allocated, used()); // with what is not needed any more, in so far as nothing has collected it
    collect();
    held = Math.max(held, used());
    bytes += planes.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }
  expect(bytes).toBeGreaterThanOrEqual(dtype === "f32" ? 4 * out * input : packed);
  const parts = [`held ${(held / mebibyte).toFixed(1)} MiB`, `allocated ${(allocated / mebibyte).toFixed(1)} MiB`];
  console.log(`${parts.join(", ")}, the packed matrix ${packed / mebibyte} MiB`);
  expect(held).toBeLessThan(packed + 14 * mebibyte);
  expect(allocated).toBeLessThan(3 * packed);
});
