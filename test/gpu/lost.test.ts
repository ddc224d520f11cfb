import { afterAll, expect, test } from "vitest";
import { openGpu } from "../../src/gpu/device/open.ts";
import { GpuError } from "../../src/gpu/errors.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { Uploader } from "../../src/gpu/upload.ts";
import { empty, placed, placeholder, replacements, tensor } from "../../src/tensor/tensor.ts";
import { axpy, scale } from "../support/small-kernels.ts";

const opened: Gpu[] = [];
afterAll(() => {
  for (const gpu of opened) gpu.close();
});

async function open(): Promise<Gpu> {
  const gpu = await openGpu();
  opened.push(gpu);
  return gpu;
}

const lost = /^.+: the device was lost: .+/;

/** `y = x + 2 · weight`, then in place `y + 1`; the weight is real memory of the device it is recorded on. */
function record(gpu: Gpu) {
  const x = placeholder(gpu, [3], "f32", "x");
  const weight = tensor(gpu, [3], [1, 1, 1]);
  const program = gpu.record(() => scale(gpu, axpyOutput(axpy(gpu, { x, z: weight }, { factor: 2 })), { by: 1 }).x);
  return { x, weight, program };
}
const axpyOutput = ({ y }: { readonly y: ReturnType<typeof tensor> }) => ({ x: y });

test("a device that is lost says so at the next read, flush, write, record and instantiate", async () => {
  const gpu = await open();
  const { x, program } = record(gpu);
  const input = tensor(gpu, [3], [1, 2, 3]);
  const instance = await program.instantiate(replacements([[x, input]]));
  const pending = axpy(gpu, { x: input, z: input }, { factor: 1 }).y;

  gpu.device.destroy();
  const reading = pending.read();
  const flushing = gpu.flush();
  await expect(reading).rejects.toThrow(lost);
  await expect(flushing).rejects.toThrow(lost);
  await expect(pending.read()).rejects.toThrow(GpuError);
  await expect(gpu.write(input.storage, 0, new Uint8Array(4))).rejects.toThrow(lost);
  await expect(gpu.settle()).rejects.toThrow(lost);
  await expect(program.instantiate(replacements([[x, input]]))).rejects.toThrow(lost);
  expect(() => instance.run()).toThrow(lost);
  expect(() => gpu.record(() => undefined)).toThrow(lost);
  expect(() => tensor(gpu, [1], [1])).toThrow(lost);
  expect(() => empty(gpu, [1])).toThrow(lost);
  expect(() => new Uploader(gpu)).toThrow(lost);
  for (const held of [input, pending]) held.dispose(); // and what is held can still be let go
  instance.dispose();
  program.dispose();
});

test("losing the device while work is on its way fails that work", async () => {
  const gpu = await open();
  const x = tensor(gpu, [1000], new Float32Array(1000));
  const reads = Array.from({ length: 3 }, () => scale(gpu, { x }, { by: 1 }).x.read());
  const { x: input, program } = record(gpu);
  const instantiating = program.instantiate(replacements([[input, tensor(gpu, [3], [1, 2, 3])]]));
  gpu.device.destroy();
  await Promise.all([...reads, instantiating].map((promise) => expect(promise).rejects.toThrow(lost)));
});

test("a program goes on on a fresh device, given what it took from outside", async () => {
  const old = await open();
  const { x, weight, program } = record(old);
  old.device.destroy();

  const fresh = await open();
  const input = tensor(fresh, [3], [1, 2, 3]);
  await expect(program.instantiate(replacements([[x, input]]), fresh)).rejects.toThrow(GpuError); // the weight is lost
  const anew = replacements([
    [x, input],
    [weight, tensor(fresh, [3], [1, 1, 1])],
  ]);
  const instance = await program.instantiate(anew, fresh);
  instance.run();
  const result = placed(instance, program.result);
  expect(result.gpu).toBe(fresh);
  expect([...(await result.read())]).toEqual([4, 5, 6]);
  program.dispose();
  instance.dispose();
});

test("a closed device says that it was closed", async () => {
  const gpu = await open();
  const x = tensor(gpu, [1], [1]);
  const reading = scale(gpu, { x }, {}).x.read();
  gpu.close();
  gpu.close();
  await expect(reading).rejects.toThrow(/: this device was closed$/);
  await expect(x.read()).rejects.toThrow(GpuError);
  expect(() => scale(gpu, { x }, {})).toThrow("this device was closed");
  x.dispose();
});

test("a device that is lost during an upload says so, and why", async () => {
  for (const writes of [1, 2, 3, 5]) {
    const gpu = await open();
    const target = empty(gpu, [2 ** 18]);
    const uploader = new Uploader(gpu);
    const bytes = new Uint8Array(2 ** 20);
    const loading = (async () => {
      for (let i = 0; i < 8; i++) {
        if (i === writes) gpu.device.destroy();
        await uploader.write(target.storage, 0, bytes);
      }
      await uploader.finish();
    })();
    await expect(loading).rejects.toThrow(lost);
    expect(gpu.gone.reason).toBeInstanceOf(GpuError);
    uploader.dispose();
  }
});
