import fc from "fast-check";
import { expect, test } from "vitest";
import { memoryUse } from "../../src/gpu/device/memory-use.ts";
import type { Binding, Dispatch } from "../../src/gpu/program/dispatch.ts";
import { planMemory, touched, written } from "../../src/gpu/program/plan.ts";
import type { Operation } from "../../src/gpu/program/recording.ts";
import { type Shader, specialise } from "../../src/gpu/shader/specialise.ts";
import { wgslModule } from "../../src/gpu/shader/wgsl-module.ts";
import { createStorage, type Storage } from "../../src/gpu/storage.ts";

const shader: Shader = specialise(wgslModule("@compute @workgroup_size(1) fn main() {}"));

function dispatch(reads: readonly Storage[], writes: readonly Storage[]): Operation {
  const bind = (access: Binding["access"]) => (storage: Storage, binding: number) => ({
    group: 0,
    binding,
    name: storage.label,
    access,
    storage,
    offset: 0,
    bytes: storage.bytes,
    shape: [],
  });
  const bindings = [...reads.map(bind("read")), ...writes.map(bind("read_write"))];
  const cost = { flops: 0, compulsoryBytes: 0 };
  const made: Dispatch = { kernel: "test", shader, bindings, uniforms: [], workgroups: [1, 1, 1], cost };
  return { kind: "dispatch", dispatch: made };
}

const copy = (from: Storage, to: Storage): Operation => ({
  kind: "copy",
  copy: { from, fromOffset: 0, to, toOffset: 0, bytes: 4 },
});

/** What one operation does, as numbers that a graph of any size can make use of. */
const step = fc.record({
  reads: fc.array(fc.nat(), { maxLength: 4 }),
  inPlace: fc.option(fc.nat()),
  sizes: fc.array(fc.integer({ min: 1, max: 4000 }), { maxLength: 3 }),
  isCopy: fc.boolean(),
});

/** A random program: operations that read and change what was written before, and write what is new. */
const program = fc.array(step, { minLength: 1, maxLength: 40 }).map((steps) => {
  const outside = [createStorage("input", 64), createStorage("weights", 4096)];
  const known = [...outside];
  const operations: Operation[] = [];
  for (const { reads, inPlace, sizes, isCopy } of steps) {
    const pick = (n: number) => known[n % known.length] as Storage;
    const changed = inPlace === null ? [] : [pick(inPlace)];
    const fresh = sizes.map((bytes) => createStorage(`temporary ${known.length}`, bytes));
    const read = [...new Set(reads.map(pick))].filter((storage) => !changed.includes(storage));
    const [from] = read;
    const [to] = fresh;
    if (isCopy && from && to) operations.push(copy(from, to));
    else operations.push(dispatch(read, [...changed, ...fresh]));
    known.push(...(isCopy && from && to ? [to] : fresh));
  }
  const temporaries = new Set(known.filter((storage) => !outside.includes(storage)));
  return { operations, temporaries };
});

test("what is read is what was written there last, and no dispatch meets a buffer twice", () => {
  fc.assert(
    fc.property(program, ({ operations, temporaries }) => {
      const { colours, sizes } = planMemory(operations, temporaries);
      const used = new Set(operations.flatMap(touched).filter((storage) => temporaries.has(storage)));
      expect(new Set(colours.keys())).toEqual(used);

      const holds = new Map<number, Storage>();
      for (const operation of operations) {
        const here = [...new Set(touched(operation))].filter((storage) => temporaries.has(storage));
        expect(new Set(here.map((storage) => colours.get(storage))).size).toBe(here.length);
        const writes = new Set(written(operation));
        for (const storage of here) {
          const colour = colours.get(storage) ?? -1;
          expect(sizes[colour]).toBeGreaterThanOrEqual(storage.bytes);
          const before = [...holds.values()].includes(storage);
          if (before || !writes.has(storage)) expect(holds.get(colour)).toBe(storage);
          if (writes.has(storage)) holds.set(colour, storage);
        }
      }
      const total = [...used].reduce((sum, { bytes }) => sum + bytes, 0);
      expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(total);
    }),
    { numRuns: 1000 },
  );
});

test("a chain needs two buffers, whatever its length", () => {
  const chain = Array.from({ length: 30 }, (_, i) => createStorage(`link ${i}`, 1024));
  const operations = chain.slice(1).map((storage, i) => dispatch([chain[i] as Storage], [storage]));
  expect(planMemory(operations, new Set(chain)).sizes).toEqual([1024, 1024]);
});

test("the largest is placed first, and each in the smallest buffer that is free for all of its life", () => {
  const [small, large, end, fits, grows, last] = [100, 1000, 4, 90, 2000, 4].map((bytes, i) =>
    createStorage(`${i}`, bytes),
  ) as [Storage, Storage, Storage, Storage, Storage, Storage];
  const operations = [
    dispatch([], [small, large]),
    dispatch([small, large], [end]),
    dispatch([end], [fits]), // in the buffer of small
    dispatch([fits], [grows]), // in that of large
    dispatch([grows], [last]),
  ];
  const { colours, sizes } = planMemory(operations, new Set([small, large, end, fits, grows, last]));
  expect(colours.get(fits)).toBe(colours.get(small));
  expect(colours.get(grows)).toBe(colours.get(large));
  expect(sizes).toEqual([2000, 100, 4]);
});

test("a large temporary is not placed after a small one that lives on", () => {
  const [kept, gone, large] = [100, 100, 1000].map((bytes, i) => createStorage(`${i}`, bytes)) as [
    Storage,
    Storage,
    Storage,
  ];
  const operations = [dispatch([], [kept, gone]), dispatch([kept], [large]), dispatch([kept, large], [])];
  const plan = planMemory(operations, new Set([kept, gone, large]));
  expect(plan.sizes).toEqual([1000, 100]);

  const calls = [{ op: "made", variant: "up", options: {}, dispatches: [] }];
  expect(memoryUse({ operations, calls, plan })).toEqual({
    planned: 1100,
    peak: 1100,
    alive: [200, 1100, 1100],
    saved: 0,
    savedByBlock: new Map(),
  });
});
