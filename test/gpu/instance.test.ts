import { afterAll, describe, expect, test } from "vitest";
import { openGpu } from "../../src/gpu/device/open.ts";
import { empty, placed, replacements, type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { axpy, recordSum as recordSumOn, scale } from "../support/small-kernels.ts";

const gpu = await openGpu(); // with a pool as users have it
afterAll(() => gpu.close());

const vector = (...values: number[]) => tensor(gpu, [values.length], values);
const values = async (x: Tensor) => [...(await x.read())];
const recordSum = (n: number) => recordSumOn(gpu, n);

describe("disposal", () => {
  test("results end with their instance; disposing a result does not free its memory", async () => {
    const { x, program } = recordSum(4);
    const instance = await program.instantiate(replacements([[x, vector(1, 2, 3, 4)]]));
    instance.run();
    const result = placed(instance, program.result.sum);
    result.dispose();
    result.dispose();
    await expect(result.read()).rejects.toThrow("was disposed");
    const others = [0, 1].map(() => empty(gpu, [4]));
    const again = placed(instance, program.result.sum);
    expect(others.every(({ storage }) => storage.buffer !== again.storage.buffer)).toBe(true);
    expect(others[0]?.storage.buffer).not.toBe(others[1]?.storage.buffer);
    expect(await values(again)).toEqual([10.5, 20.5, 30.5, 40.5]);

    instance.dispose();
    instance.dispose();
    await expect(again.read()).rejects.toThrow("was disposed");
    expect(() => instance.run()).toThrow("the instance was disposed");
  });

  test("a program's memory goes back with its last instance", async () => {
    const { x, program } = recordSum(70_000);
    const input = tensor(gpu, [70_000], new Float32Array(70_000).fill(1));
    const first = await program.instantiate(replacements([[x, input]]));
    const second = await program.instantiate(replacements([[x, input]]));
    program.dispose();
    await expect(program.instantiate(replacements([[x, input]]))).rejects.toThrow("the program was disposed");
    first.dispose();
    second.run();
    // Nothing of the second's is in the pool while it lives: this would overwrite it.
    const others = Array.from({ length: 6 }, () => axpy(gpu, { x: input, z: input }, { factor: 99 }).y);
    await gpu.flush();
    second.run();
    for (const other of others) expect((await other.read())[0]).toBe(100);
    expect((await placed(second, program.result.sum).read())[69_999]).toBe(10.5);
    second.dispose();
    for (const other of others) other.dispose();
    const before = gpu.buffers.created;
    for (let i = 0; i < 4; i++) empty(gpu, [70_000]);
    expect(gpu.buffers.created).toBe(before);
  });
});

describe("eager work between programs", () => {
  test("a number of submits that is none is refused", async () => {
    const { x, program } = recordSum(4);
    const instance = await program.instantiate(replacements([[x, vector(1, 2, 3, 4)]]));
    for (const submits of [0, 1.5, Number.NaN]) {
      expect(() => instance.run(undefined, submits)).toThrow(`submits is ${submits}, expected an integer from 1 on`);
    }
    instance.dispose();
  });

  test("a program does not overtake eager work on its input", async () => {
    const { x, program } = recordSum(3);
    const input = vector(1, 2, 3);
    const instance = await program.instantiate(replacements([[x, input]]));
    scale(gpu, { x: input }, { factor: 10 });
    expect(() => instance.run()).toThrow(
      "a program's run: work on tensor is not submitted yet; await gpu.flush() before",
    );
    const flushing = gpu.flush();
    expect(() => instance.run()).toThrow("is not submitted yet"); // nor while it is on its way
    await flushing;
    instance.run();
    expect(await values(placed(instance, program.result.sum))).toEqual([100.5, 200.5, 300.5]);
  });

  test("a program does not overtake eager work on its last result", async () => {
    const { x, program } = recordSum(2);
    const instance = await program.instantiate(replacements([[x, vector(1, 2)]]));
    instance.run();
    const { y } = axpy(gpu, { x: placed(instance, program.result.sum), z: vector(0, 0) }, { factor: 0 });
    expect(() => instance.run()).toThrow("is not submitted yet");
    expect(await values(y)).toEqual([10.5, 20.5]);
    instance.run();
  });

  test("reading the same input at once is no conflict", async () => {
    const { x, program } = recordSum(2);
    const input = vector(1, 2);
    const instance = await program.instantiate(replacements([[x, input]]));
    const { y } = axpy(gpu, { x: input, z: input }, { factor: 1 });
    instance.run();
    expect(await values(y)).toEqual([2, 4]);
  });

  test("memory of eager work that is not submitted does not become a program's", async () => {
    const x = tensor(gpu, [3000], new Float32Array(3000).fill(1));
    const early = axpy(gpu, { x, z: x }, { factor: 1 }).y; // 2, in a pooled buffer
    await gpu.flush();
    const late = axpy(gpu, { x: early, z: x }, { factor: 1 }).y;
    early.dispose();
    const recorded = recordSum(3000);
    const instance = await recorded.program.instantiate(replacements([[recorded.x, x]]));
    instance.run();
    expect((await late.read())[2999]).toBe(3);
    expect((await placed(instance, recorded.program.result.sum).read())[2999]).toBe(10.5);
  });
});
