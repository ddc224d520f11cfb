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

async function written(tensors: readonly CheckpointTensor[], kept: object): Promise<Uint8Array<ArrayBuffer>[]> {
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
  await expect(opened([whole, new Uint8Array(4)])).rejects.toThrow("has 4 bytes after digests");
  const plain = '{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
  const file = [new BigUint64Array([BigInt(plain.length)]), plain, new Float32Array(1)];
  await expect(opened(file)).rejects.toThrow("the file is no checkpoint of a training");

  const checkpoint = await opened(parts);
  const check =
    (...tensors: readonly CheckpointTensor[]) =>
    () =>
      checkpoint.check(tensors);
  expect(check(weights)).toThrow("a.safetensors: has skipped, which this model and optimizer have not");
  expect(check(weights, skipped, { ...skipped, name: "ema" })).toThrow("a.safetensors: ema is missing");
  expect(check({ ...weights, shape: [3, 2] })).toThrow("parameter.wte.weight is F32 [2, 3], expected F32 [3, 2]");
  expect(check({ ...skipped, dtype: "f32" })).toThrow("skipped is U32 [1], expected F32 [1]");
  await expect(checkpoint.read({ ...weights, shape: [6] })).rejects.toThrow("expected F32 [6]");
});

test("each changed field of the record and each changed tensor is named, and no change passes", async () => {
  const parts = await written([weights, skipped], record);
  const header = new TextDecoder().decode(parts[0]?.subarray(8));
  const recordText = JSON.stringify(JSON.stringify(record));
  const opening = async (edited: Readonly<Record<string, unknown>>) => {
    const text = header.replace(recordText, JSON.stringify(JSON.stringify(edited)));
    const bytes = new TextEncoder().encode(text);
    return opened([new BigUint64Array([BigInt(bytes.length)]), bytes, ...parts.slice(1)]);
  };
  expect((await opening(record)).record).toEqual(record);
  for (const [field, value] of Object.entries({ step: 100, text: "", rate: 0.3, history: [[1, 7.5]] })) {
    const edited = opening({ ...record, [field]: value });
    await expect(edited).rejects.toThrow(`a.safetensors: record.${field} is not what was written`);
  }
  const { step: _, ...less } = record;
  for (const edited of [less, { ...record, more: 1 }, { steps: 7, ...less }, null, []]) {
    await expect(opening(edited as object as typeof record), JSON.stringify(edited)).rejects.toThrow(FormatError);
  }
  const tensors = [weights, skipped] as const;
  for (const [at, tensor] of tensors.entries()) {
    const changed = parts.map((part) => part.slice());
    const bytes = changed[1 + at] as Uint8Array;
    bytes[1] = (bytes[1] ?? 0) ^ 1;
    await expect((await opened(changed)).read(tensor)).rejects.toThrow(`${tensor.name} is not what was written`);
  }
  const swapped = header.replace("parameter.wte.weight", "parameter.wpe.weight");
  const renamed = await opened([parts[0]?.slice(0, 8) as Uint8Array<ArrayBuffer>, swapped, ...parts.slice(1)]);
  await expect(renamed.read({ ...weights, name: "parameter.wpe.weight" })).rejects.toThrow("the checkpoint is damaged");
});

test("a checkpoint without digests is one of an earlier version, and says so", async () => {
  const text = JSON.stringify({ __metadata__: { "shaderformer.training": JSON.stringify({ version: 1, step: 3 }) } });
  const earlier = opened([new BigUint64Array([BigInt(text.length)]), text]);
  await expect(earlier).rejects.toThrow("a.safetensors: digests is missing: the checkpoint is of an earlier version");
});
