import { expect, test } from "vitest";
import { randomSource } from "../../src/check/random.ts";
import { stagingBytes, Uploader } from "../../src/gpu/upload.ts";
import { testGpu } from "../support/devices/gpu.ts";

const gpu = await testGpu();

test("pieces arrive where they belong, however many are on their way", async () => {
  const size = 3 * stagingBytes + 1000;
  const { integer } = randomSource(1);
  const bytes = new Uint8Array(size).map(() => integer(256));
  const storage = gpu.upload("weights", size, () => {});
  const uploader = new Uploader(gpu);
  const cuts = [0, 4, 1000, stagingBytes, 2 * stagingBytes, 2 * stagingBytes + 8, 3 * stagingBytes, size];
  for (const [i, begin] of cuts.slice(0, -1).entries()) {
    await uploader.write(storage, begin, bytes.subarray(begin, cuts[i + 1]));
  }
  await uploader.finish();
  const back = await gpu.read(storage, 0, size);
  expect(Buffer.compare(Buffer.from(back), Buffer.from(bytes.buffer))).toBe(0);
});

test("a piece that ends within a word is padded with zeros", async () => {
  const storage = gpu.upload("odd", 8, (memory) => new Uint8Array(memory).fill(9));
  const uploader = new Uploader(gpu);
  for (let i = 0; i < 2; i++) await uploader.write(storage, 0, new Uint8Array(8).fill(8)); // stays in the staging memory
  await uploader.write(storage, 0, Uint8Array.of(1, 2, 3, 4, 5));
  await uploader.finish();
  expect([...new Uint8Array(await gpu.read(storage, 0, 8))]).toEqual([1, 2, 3, 4, 5, 0, 0, 0]);
});

test.each([
  [0, stagingBytes + 1],
  [2, 4],
  [8, 4],
])("a piece at %i of %i bytes that does not fit is refused, and the rest goes on", async (offset, length) => {
  const storage = gpu.upload("small", 8, () => {});
  const uploader = new Uploader(gpu);
  await expect(uploader.write(storage, offset, new Uint8Array(length))).rejects.toThrow(RangeError);
  await uploader.write(storage, 4, Uint8Array.of(7));
  await uploader.finish();
  expect([...new Uint8Array(await gpu.read(storage, 0, 8))]).toEqual([0, 0, 0, 0, 7, 0, 0, 0]);
});

test("an upload that is given up frees its memory while pieces are on their way", async () => {
  const storage = gpu.upload("weights", 16, () => {});
  const uploader = new Uploader(gpu);
  await uploader.write(storage, 0, Uint8Array.of(1));
  uploader.dispose();
  uploader.dispose();
  expect([...new Uint8Array(await gpu.read(storage, 0, 4))]).toEqual([1, 0, 0, 0]);
});
