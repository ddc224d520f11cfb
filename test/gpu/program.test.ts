import { afterAll, describe, expect, test } from "vitest";
import { openGpu } from "../../src/gpu/device/open.ts";
import { GpuError } from "../../src/gpu/errors.ts";
import { empty, placed, placeholder, replacements, type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { slice } from "../../src/tensor/views.ts";
import { axpy, recordSum as recordSumOn, scale } from "../support/small-kernels.ts";

const gpu = await openGpu(); // with a pool as users have it
afterAll(() => gpu.close());

const vector = (...values: number[]) => tensor(gpu, [values.length], values);
const values = async (x: Tensor) => [...(await x.read())];
const counts = () => [gpu.buffers.created, gpu.bindGroups.made, gpu.pipelines.count];

const recordSum = (n: number, length?: number) => recordSumOn(gpu, n, length);

describe("recording", () => {
  test("runs nothing and allocates nothing", () => {
    const [before, submits] = [counts(), gpu.submits];
    const x = placeholder(gpu, [3], "f32", "x");
    const program = gpu.record(() => axpy(gpu, { x, z: x }, { factor: 1 }));
    expect(gpu.recording).toBe(false);
    expect([counts(), gpu.submits]).toEqual([before, submits]);
    expect(program.calls.map(({ op, options }) => [op, options])).toEqual([["test/axpy", { factor: 1 }]]);
    expect(program.dispatches.map(({ workgroups, uniforms }) => [workgroups, uniforms[0]?.values])).toEqual([
      [[1, 1, 1], { n: 3, factor: 1 }],
    ]);
    expect(program.externals).toEqual([x.storage]);
  });

  test("a promise inside throws, also when it fails later", async () => {
    const x = vector(1);
    const late = async () => {
      await Promise.resolve();
      throw new Error("ignored");
    };
    expect(() => gpu.record(late)).toThrow(
      new GpuError("the recorded function returned a promise; recording is synchronous"),
    );
    // biome-ignore lint/suspicious/noThenProperty: something that only looks like a promise
    expect(() => gpu.record(() => ({ then: (resolve: () => void) => resolve() }))).toThrow("returned a promise");
    expect(await values(scale(gpu, { x }, { by: 1 }).x)).toEqual([2]);
  });

  test("what throws inside leaves no recording open, and recordings do not nest", () => {
    expect(() =>
      gpu.record(() => {
        throw new RangeError("inside");
      }),
    ).toThrow(RangeError);
    expect(gpu.recording).toBe(false);
    expect(() => gpu.record(() => gpu.record(() => undefined))).toThrow("record was called while recording");
    expect(gpu.recording).toBe(false);
  });

  test("eager work of one task never lands in another's recording", async () => {
    const x = vector(1, 2);
    const placeholders: Tensor[] = [];
    const eager = async () => {
      for (let i = 0; i < 20; i++) {
        scale(gpu, { x }, { by: 1 });
        await Promise.resolve();
      }
    };
    const record = async () => {
      const programs = [];
      for (let i = 0; i < 20; i++) {
        const y = placeholder(gpu, [2], "f32", "y");
        placeholders.push(y);
        programs.push(gpu.record(() => axpy(gpu, { x: y, z: y }, { factor: 1 }).y));
        await Promise.resolve();
      }
      return programs;
    };
    const [, programs] = await Promise.all([eager(), record()]);
    expect(programs.map(({ dispatches }) => dispatches.length)).toEqual(new Array(20).fill(1));
    expect(programs.map(({ externals }) => externals)).toEqual(placeholders.map(({ storage }) => [storage]));
    expect(await values(x)).toEqual([21, 22]);
  });

  test("a logical tensor cannot be read, and eager work cannot use it", async () => {
    const { result } = gpu.record(() => empty(gpu, [4]));
    await expect(result.read()).rejects.toThrow("belongs to a recorded program; instantiate it and read that");
    const y = scale(gpu, { x: result }, {}).x;
    await expect(gpu.flush()).rejects.toThrow("belongs to a recorded program");
    expect(y).toBe(result);
  });
});

describe("instances", () => {
  test("two of one program, with separate inputs and results, in any order", async () => {
    const { x, program } = recordSum(100);
    const inputs = [1, 10].map((factor) =>
      tensor(
        gpu,
        [100],
        Float32Array.from({ length: 100 }, (_, i) => factor * i),
      ),
    );
    const instances = await Promise.all(inputs.map((input) => program.instantiate(replacements([[x, input]]))));
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      for (const i of order) instances[i]?.run();
      for (const [i, instance] of instances.entries()) {
        const result = await placed(instance, program.result.sum).read();
        const scaled = (i === 0 ? 1 : 10) * 10;
        expect([...result]).toEqual(Array.from({ length: 100 }, (_, n) => scaled * n + 0.5));
      }
    }
    program.dispose();
    for (const instance of instances) instance.dispose();
  });

  test("taps asked for are kept, others share memory", async () => {
    const { x, program } = recordSum(8, 6);
    expect([...program.taps.keys()]).toEqual(["sum.2"]);
    const [input] = [vector(1, 2, 3, 4, 5, 6, 7, 8)];
    const instance = await program.instantiate(replacements([[x, input]]));
    instance.run();
    expect(await values(placed(instance, program.taps.get("sum.2") as Tensor))).toEqual([3, 6, 9, 12, 15, 18, 21, 24]);
    expect((await values(placed(instance, program.result.sum)))[0]).toBe(1 + 2 + 3 + 4 + 5 + 6 + 0.5);
    expect(program.plan.sizes.length).toBeLessThanOrEqual(2);
    const temporary = program.dispatches[1]?.bindings.find(({ name }) => name === "x")?.storage;
    if (!temporary) throw new Error("the second dispatch reads what the first wrote");
    expect(() => instance.place(temporary)).toThrow("to read it, return it from record, or tap it");
  });

  test("a replay makes no buffer, bind group or pipeline, and one submit", async () => {
    const { x, program } = recordSum(1000);
    const instance = await program.instantiate(replacements([[x, tensor(gpu, [1000], new Float32Array(1000))]]));
    const [before, submits] = [counts(), gpu.submits];
    for (let i = 1; i <= 5; i++) {
      instance.run();
      expect(gpu.submits).toBe(submits + i);
    }
    let copied = false;
    instance.run(() => {
      copied = true;
    });
    expect(gpu.submits).toBe(submits + 6);
    expect(copied).toBe(true);
    expect(counts()).toEqual(before);
  });

  test("an instance of the same memory makes no bind group, and one of other memory makes some", async () => {
    const { x, program } = recordSum(1000);
    const bind = (input: Tensor) => program.instantiate(replacements([[x, input]]));
    const input = tensor(gpu, [1000], new Float32Array(1000).fill(2));
    (await bind(input)).dispose();
    const before = gpu.bindGroups.made;
    const again = await bind(input);
    expect(gpu.bindGroups.made).toBe(before);
    again.run();
    expect((await values(placed(again, program.result.sum)))[0]).toBe(2 + 2 * (2 + 3 + 4) + 0.5);
    await bind(tensor(gpu, [1000], new Float32Array(1000)));
    expect(gpu.bindGroups.made).toBeGreaterThan(before);
  });

  test("copies are part of a program", async () => {
    const from = placeholder(gpu, [4], "f32", "from");
    const to = placeholder(gpu, [64 + 4], "f32", "to");
    const program = gpu.record(() => {
      const { y } = axpy(gpu, { x: from, z: from }, { factor: 1 });
      gpu.copy({ from: y.storage, fromOffset: 4, to: to.storage, toOffset: 8, bytes: 12 });
    });
    const room = tensor(gpu, [256], new Float32Array(256).fill(-1));
    const instance = await program.instantiate(
      replacements([
        [from, vector(1, 2, 3, 4)],
        [to, slice(room, 0, 64, 132)],
      ]),
    );
    instance.run();
    expect((await values(room)).slice(64, 71)).toEqual([-1, -1, 4, 6, 8, -1, -1]);
    expect((await values(placed(instance, to))).slice(0, 6)).toEqual([-1, -1, 4, 6, 8, -1]);
  });
});

describe("what an instance is given", () => {
  test("every input, of the shape and type recorded, contiguous, where a binding may begin", async () => {
    const { x, program } = recordSum(4);
    await expect(program.instantiate()).rejects.toThrow("x: the program was instantiated without this input");
    const give = (real: Tensor) => replacements([[x, real]]);
    expect(() => give(vector(1, 2))).toThrow("x: given f32 [2], recorded as f32 [4]");
    expect(() => give(tensor(gpu, [4], [1, 2, 3, 4], "u32"))).toThrow("x: given u32 [4], recorded as f32 [4]");
    expect(() => give(slice(vector(1, 2, 3, 4, 5), 0, 1, 5))).toThrow("from element 1, expected contiguous memory");
  });

  test("not one buffer twice where a dispatch writes it", async () => {
    const x = placeholder(gpu, [4], "f32", "x");
    const y = placeholder(gpu, [4], "f32", "y");
    const program = gpu.record(() => axpy(gpu, { x, z: x }, { factor: 1, into: { y } }));
    const both = vector(1, 2, 3, 4);
    await expect(
      program.instantiate(
        replacements([
          [x, both],
          [y, both],
        ]),
      ),
    ).rejects.toThrow(new GpuError("test/axpy: y is written and shares its memory with x"));
    const instance = await program.instantiate(
      replacements([
        [x, both],
        [y, vector(0, 0, 0, 0)],
      ]),
    );
    instance.run();
    expect(await values(placed(instance, y))).toEqual([2, 4, 6, 8]);
  });

  test("nothing disposed, neither when it is made nor when it runs", async () => {
    const { x, one, program } = recordSum(4);
    const input = vector(1, 2, 3, 4);
    const instance = await program.instantiate(replacements([[x, input]]));
    instance.run();
    input.dispose();
    expect(() => instance.run()).toThrow("tensor: disposed, but a program still uses it");
    one.dispose();
    await expect(program.instantiate(replacements([[x, vector(1, 2, 3, 4)]]))).rejects.toThrow("disposed");
  });

  test("an instance that could not be made takes no memory with it", async () => {
    const { program } = recordSum(5000);
    const attempt = () => program.instantiate().catch((error: unknown) => error);
    expect(await attempt()).toBeInstanceOf(GpuError);
    const before = gpu.buffers.created;
    for (let i = 0; i < 3; i++) await attempt();
    expect(gpu.buffers.created).toBe(before);
  });
});
