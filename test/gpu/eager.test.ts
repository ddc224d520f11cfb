import { afterAll, describe, expect, test } from "vitest";
import { randomSource } from "../../src/check/random.ts";
import { pooledSize } from "../../src/gpu/buffers.ts";
import { openGpu } from "../../src/gpu/device/open.ts";
import { empty, type Tensor, tensor, zeros } from "../../src/tensor/tensor.ts";
import { axpy, scale } from "../support/small-kernels.ts";

const gpu = await openGpu(); // with a pool as users have it
afterAll(() => gpu.close());

const filled = (n: number, value: number) => tensor(gpu, [n], new Float32Array(n).fill(value));
const last = async (x: Tensor) => (await x.read()).at(-1);
const bytesOf = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

describe("the pool", () => {
  test("sizes waste at most a fifth and are their own size", () => {
    const source = randomSource(1);
    for (let i = 0; i < 10_000; i++) {
      const bytes = 1 + source.integer(2 ** (1 + source.integer(31)));
      const size = pooledSize(bytes);
      expect(size).toBeGreaterThanOrEqual(bytes);
      expect(size).toBeLessThanOrEqual(Math.max(256, bytes * 1.25 + 16));
      expect(pooledSize(size)).toBe(size);
      expect(size % 16).toBe(0);
    }
  });

  test("a disposed result's buffer serves the next one, whose work comes later", async () => {
    const x = filled(5000, 1);
    const before = gpu.buffers.created;
    let y = axpy(gpu, { x, z: x }, { factor: 1 }).y;
    for (let i = 0; i < 50; i++) {
      const next = axpy(gpu, { x: y, z: x }, { factor: 1 }).y;
      y.dispose();
      y = next;
    }
    expect(gpu.buffers.created - before).toBe(2);
    expect(await last(y)).toBe(52);
  });

  test("a buffer of work that is not submitted gets no first contents from the CPU", async () => {
    const y = axpy(gpu, { x: filled(3, 1), z: filled(3, 2) }, { factor: 1 }).y;
    const input = filled(3, 5);
    const sum = axpy(gpu, { x: y, z: input }, { factor: 1 }).y;
    input.dispose();
    y.dispose();
    const overwriting = Array.from({ length: 8 }, () => filled(3, 1e9));
    expect(await last(sum)).toBe(8);
    for (const tensor of overwriting) tensor.dispose();
  });

  test.each([100, 1 << 19])(
    "uploading, computing and reading %i elements again and again takes no more memory",
    async (n) => {
      const once = async () => {
        const x = filled(n, 1);
        const { y } = axpy(gpu, { x, z: x }, { factor: 1 });
        x.dispose();
        expect(await last(y)).toBe(2);
        y.dispose();
      };
      for (let i = 0; i < 3; i++) await once();
      const before = gpu.buffers.allocatedBytes;
      for (let i = 0; i < 10; i++) await once();
      expect(gpu.buffers.allocatedBytes).toBe(before);
    },
  );

  test("recycled memory starts as zeros where zeros are asked for", async () => {
    for (let i = 0; i < 3; i++) {
      const dirty = filled(1000, 7);
      await gpu.flush();
      dirty.dispose();
      const clean = zeros(gpu, [1000]);
      expect((await clean.read()).every((value) => value === 0)).toBe(true);
      clean.dispose();
    }
  });

  test("trim frees unused buffers, and none that work still needs", async () => {
    const x = filled(2000, 1);
    const { y } = axpy(gpu, { x, z: x }, { factor: 1 });
    const { y: z } = axpy(gpu, { x: y, z: x }, { factor: 1 });
    y.dispose();
    const before = gpu.buffers.allocatedBytes;
    gpu.buffers.trim();
    expect(gpu.buffers.allocatedBytes).toBeLessThanOrEqual(before);
    expect(await last(z)).toBe(3);
    z.dispose();
    gpu.buffers.trim();
    expect(gpu.buffers.allocatedBytes).toBeLessThan(before);
    expect(await last(axpy(gpu, { x, z: x }, { factor: 1 }).y)).toBe(2);
  });

  test("disposing twice gives back once", () => {
    const x = empty(gpu, [77]);
    x.dispose();
    x.dispose();
    const [a, b] = [empty(gpu, [77]), empty(gpu, [77])];
    expect(a.storage.buffer).not.toBe(b.storage.buffer);
  });

  test("the same dispatch again makes no bind group", async () => {
    const [x, z, y] = [filled(10, 1), filled(10, 2), filled(10, 0)];
    const once = async () => {
      axpy(gpu, { x, z }, { factor: 1, into: { y } });
      await gpu.flush();
    };
    await once();
    const before = gpu.bindGroups.made;
    for (let i = 0; i < 5; i++) await once();
    expect(gpu.bindGroups.made).toBe(before);
  });
});

describe("order", () => {
  test("a read sees what was recorded before it, and nothing after", async () => {
    const x = filled(4, 1);
    const reads: Promise<number | undefined>[] = [];
    for (let i = 0; i < 10; i++) {
      reads.push(last(x));
      scale(gpu, { x }, { factor: 2 });
    }
    expect(await Promise.all(reads)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
  });

  test("a read outlives its tensor", async () => {
    const x = filled(4, 3);
    const reading = last(x);
    x.dispose();
    const next = filled(4, 4);
    expect(await reading).toBe(3);
    expect(await last(next)).toBe(4);
    await expect(x.read()).rejects.toThrow("was disposed");
  });

  test("a write stands where it was called, awaited or not", async () => {
    const x = filled(2, 1);
    const { y: before } = axpy(gpu, { x, z: x }, { factor: 0 });
    const data = bytesOf(5, 6);
    const writing = gpu.write(x.storage, 0, data);
    data.fill(0); // it was taken as it was
    const { y: after } = axpy(gpu, { x, z: x }, { factor: 0 });
    scale(gpu, { x }, { by: 1 });
    void gpu.write(x.storage, 4, bytesOf(-1));
    expect([...(await before.read())]).toEqual([1, 1]);
    expect([...(await after.read())]).toEqual([5, 6]);
    expect([...(await x.read())]).toEqual([6, -1]);
    await writing;
  });

  test.each([
    [0, 12, "bytes 0 to 12, expected multiples of 4 up to 8"],
    [8, 4, "bytes 8 to 12, expected"],
    [2, 4, "bytes 2 to 6, expected"],
    [-4, 4, "bytes -4 to 0, expected"],
  ])("a write from %i of %i bytes does not fit", async (offset, bytes, message) => {
    await expect(gpu.write(filled(2, 1).storage, offset, new Uint8Array(bytes))).rejects.toThrow(message);
  });

  test("tasks side by side get what they would get alone", async () => {
    const task = async (seed: number) => {
      const source = randomSource(seed);
      const n = 50 + source.integer(500);
      let expected = seed;
      let x = filled(n, seed);
      for (let i = 0; i < 25; i++) {
        const action = source.integer(5);
        if (action === 0) scale(gpu, { x }, { by: 1 });
        if (action <= 1) expected += 1 - action;
        if (action === 1) expect(await last(x)).toBe(expected);
        if (action === 2) {
          const next = axpy(gpu, { x, z: x }, { factor: -0.5 }).y;
          x.dispose();
          x = next;
          expected /= 2;
        }
        if (action === 3) await gpu.flush();
        if (action === 4) {
          await gpu.write(x.storage, 0, bytesOf(...new Array(n).fill(seed)));
          expected = seed;
        }
      }
      expect(await last(x)).toBe(expected);
      x.dispose();
    };
    await Promise.all(Array.from({ length: 12 }, (_, seed) => task(seed)));
  });
});

describe("scopes", () => {
  test("dispose what is made inside, but for what is kept", async () => {
    const x = filled(3, 1);
    const made: Tensor[] = [];
    const kept = (() => {
      using scope = gpu.scope();
      const { y } = axpy(gpu, { x, z: x }, { factor: 1 });
      made.push(y);
      return scope.keep(axpy(gpu, { x: y, z: x }, { factor: 1 }).y);
    })();
    expect(made.map(({ storage }) => storage.state)).toEqual(["disposed"]);
    expect([x.storage.state, kept.storage.state]).toEqual(["live", "live"]);
    expect(await last(kept)).toBe(3);
  });

  test("what an inner one keeps belongs to the outer one", () => {
    const outer = gpu.scope();
    const inner = gpu.scope();
    const [gone, kept] = [filled(1, 1), inner.keep(filled(1, 1))];
    inner[Symbol.dispose]();
    expect([gone.storage.state, kept.storage.state]).toEqual(["disposed", "live"]);
    outer[Symbol.dispose]();
    expect(kept.storage.state).toBe("disposed");
  });

  test("keeping what an inner one did not make changes nothing", () => {
    const before = filled(1, 1);
    const outer = gpu.scope();
    const x = filled(1, 1);
    const inner = gpu.scope();
    inner.keep(x);
    inner.keep(before);
    inner[Symbol.dispose]();
    outer[Symbol.dispose]();
    expect([x.storage.state, before.storage.state]).toEqual(["disposed", "live"]);
  });

  test("close in the reverse order", () => {
    const outer = gpu.scope();
    const inner = gpu.scope();
    expect(() => outer[Symbol.dispose]()).toThrow("a scope was closed while a later one is still open");
    inner[Symbol.dispose]();
    outer[Symbol.dispose]();
  });

  test("one that two tasks closed out of order owns nothing any more", () => {
    const first = gpu.scope();
    const own = filled(1, 1);
    const second = gpu.scope();
    const later = filled(1, 1);
    expect(() => first[Symbol.dispose]()).toThrow("a later one is still open");
    expect([own.storage.state, later.storage.state]).toEqual(["disposed", "live"]);
    second[Symbol.dispose]();
    const free = filled(1, 1);
    first[Symbol.dispose]();
    expect([later.storage.state, free.storage.state]).toEqual(["disposed", "live"]);
  });

  test("disposing inside of a scope is not done twice", () => {
    const scope = gpu.scope();
    const x = filled(200, 1);
    x.dispose();
    const other = empty(gpu, [200]); // may have its buffer
    scope.keep(other);
    scope[Symbol.dispose]();
    expect(other.storage.state).toBe("live");
    expect(empty(gpu, [200]).storage.buffer).not.toBe(other.storage.buffer);
  });
});
