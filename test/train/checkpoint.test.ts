import { expect, test } from "vitest";
import { openFiles } from "../../src/formats/files.ts";
import { FormatError } from "../../src/formats/format-error.ts";
import { type CheckpointTensor, checkpointWriting, readCheckpoint } from "../../src/train/checkpoints/checkpoint.ts";

const weights: CheckpointTensor = {
  name: "parameter.wte.weight",
  shape: [2, 3],
  dtype: "f32",
  read: async () => Float32Array.of(1, -0, 1e-40, Number.NaN, 3.1, -7),
};
const skipped: CheckpointTensor = {
  name: "skipped",
  shape: [1],
  dtype: "u32",
  read: () => Uint32Array.of(4_000_000_000),
};
const record = { step: 7, text: 'é \u0000 "', rate: 0.1 + 0.2, history: [[1, 7.6]] };

async function written(tensors: readonly CheckpointTensor[], kept: unknown): Promise<Uint8Array<ArrayBuffer>[]> {
  const { bytes, pieces } = checkpointWriting(tensors, kept);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of pieces()) parts.push(piece);
  expect(parts.reduce((sum, { length }) => sum + length, 0)).toBe(bytes);
  return parts;
}

const opened = (parts: readonly BlobPart[]) =>
  readCheckpoint(openFiles({ "a.safetensors": new Blob([...parts]) }), "a.safetensors");

test("what is written is read again, to the bit, tensors and record", async () => {
  const checkpoint = await opened(await written([weights, skipped], record));
  expect(checkpoint.record).toEqual(record);
  checkpoint.check([skipped, weights]);
  const bits = async (tensor: CheckpointTensor) => new Uint32Array((await checkpoint.read(tensor)).buffer);
  expect(await bits(weights)).toEqual(new Uint32Array((await weights.read()).buffer));
  expect(await bits(skipped)).toEqual(Uint32Array.of(4_000_000_000));
});

test("what is wrong is said, with the file and the tensor", async () => {
  const parts = await written([weights, skipped], record);
  const whole = new Uint8Array(await new Blob(parts).arrayBuffer());
  for (const length of [0, 7, 8, 100, whole.length - 29, whole.length - 1]) {
    await expect(opened([whole.slice(0, length)]), `${length} bytes`).rejects.toThrow(FormatError);
  }
  await expect(opened([whole.slice(0, -1)])).rejects.toThrow("1 are missing");
  await expect(opened([whole, new Uint8Array(4)])).rejects.toThrow("has 4 bytes after skipped");
  const plain = '{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
  const file = [new BigUint64Array([BigInt(plain.length)]), plain, new Float32Array(1)];
  await expect(opened(file)).rejects.toThrow("the file is no checkpoint of a training");

  const checkpoint = await opened(parts);
  const check =
    (...tensors: readonly CheckpointTensor[]) =>
    () =>
      checkpoint.check(tensors);
  expect(check(weights)).toThrow("a.safetensors: has skipped, which this model and optimiser have not");
  expect(check(weights, skipped, { ...skipped, name: "ema" })).toThrow("a.safetensors: ema is missing");
  expect(check({ ...weights, shape: [3, 2] })).toThrow("parameter.wte.weight is F32 [2, 3], expected F32 [3, 2]");
  expect(check({ ...skipped, dtype: "f32" })).toThrow("skipped is U32 [1], expected F32 [1]");
  await expect(checkpoint.read({ ...weights, shape: [6] })).rejects.toThrow("expected F32 [6]");
});
