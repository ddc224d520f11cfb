// What the page that studies kernels says of accesses: sectors of storage, banks of workgroup memory, bounds of time.
import { expect, test } from "vitest";
import { bankFigures, storageFigures } from "../../../site/study/access/figures.ts";
import { boundOf } from "../../../site/study/gpu/bars.ts";
import { axesOf, shapeOf } from "../../../site/study/memory/shape.ts";
import { changeOf, figuresOf, memoryFigures } from "../../../site/study/results/figures.ts";
import type { AccessFigures, Counted } from "../../../site/study/worker/protocol.ts";
import type { MemoryInfo, Request } from "../../../src/wgsl/run/step/types.ts";

/** A request of 32 lanes; the address of each by its number. */
const request = (bytes: number, addressOf: (lane: number) => number): Request => ({
  kind: "load",
  memory: 0,
  place: { line: 1, at: 0, end: 1 },
  bytes,
  lanes: Int32Array.from({ length: 32 }, (_, lane) => lane),
  addresses: Int32Array.from({ length: 32 }, (_, lane) => addressOf(lane)),
});

test.each<[string, Request, number, number, number]>([
  ["neighbours", request(4, (lane) => 4 * lane), 4, 128, 1],
  ["vectors of neighbours", request(16, (lane) => 16 * lane), 16, 512, 1],
  ["one word for all", request(4, () => 64), 1, 4, 1],
  ["a row of 64 for each", request(4, (lane) => 256 * lane), 32, 128, 8],
  ["neighbours, one word further on", request(4, (lane) => 4 + 4 * lane), 5, 128, 1.25],
  ["every second word", request(4, (lane) => 8 * lane), 8, 128, 2],
  ["halves", request(2, (lane) => 2 * lane), 2, 64, 1],
])("sectors of %s", (_, one, sectors, unique, excess) => {
  const found = storageFigures(one);
  expect({ ...found, sectors: found.sectors.length }).toEqual({
    asked: 32 * one.bytes,
    unique,
    sectors,
    best: Math.ceil(unique / 32),
    excess,
    outOfBounds: 0,
  });
});

test("what is out of bounds asks for nothing", () => {
  expect(storageFigures(request(4, (lane) => (lane < 30 ? 0 : -1)))).toMatchObject({ asked: 120, outOfBounds: 2 });
  expect(storageFigures(request(4, () => -1))).toMatchObject({ asked: 0, sectors: [], excess: 1, outOfBounds: 32 });
});

test.each<[string, Request, number, number, number]>([
  ["a column of a tile with rows of 17", request(4, (lane) => 4 * 17 * lane), 1, 1, 1],
  ["the same with rows of 16", request(4, (lane) => 4 * 16 * lane), 1, 16, 16],
  ["the same with rows of 32", request(4, (lane) => 4 * 32 * lane), 1, 32, 32],
  ["one word for all", request(4, () => 4), 1, 1, 1],
  ["vectors of neighbours", request(16, (lane) => 16 * lane), 4, 4, 1],
  ["vectors 64 words apart", request(16, (lane) => 256 * lane), 4, 32, 8],
])("banks of %s", (_, one, phases, cycles, ways) => {
  const { clash, ...found } = bankFigures(one, 32);
  expect(found).toEqual({ phases, cycles, ways });
  expect(clash === undefined).toBe(ways === 1);
});

test("two threads that clash are named, with their bank", () => {
  expect(
    bankFigures(
      request(4, (lane) => (lane === 9 ? 4 * 35 : 4 * lane)),
      32,
    ).clash,
  ).toEqual({ lanes: [3, 9], bank: 3 });
});

const access = (rest: Partial<AccessFigures>): AccessFigures => ({
  line: 1,
  name: "x",
  space: "storage",
  kind: "load",
  bytes: 4,
  requests: 2,
  asked: 256,
  unique: 256,
  segments32: 64,
  fewest32: 8,
  bankCycles: 0,
  phases: 0,
  ways: 0,
  ...rest,
});

const counted: Counted = {
  accesses: [access({}), access({ name: "tile", space: "workgroup", bankCycles: 32, phases: 2, ways: 16 })],
  touched: { x: 64, tile: 128 },
  operations: [
    { name: "fma", scalar: "f32", count: 10 },
    { name: "+", scalar: "u32", count: 7 },
    { name: "exp", scalar: "f32", count: 3 },
    { name: "min", scalar: "f32", count: 5 },
  ],
  barriers: 6,
  shuffles: 0,
  workgroups: 3,
  workgroupBytes: 1024,
  threads: 64,
  activeShare: 0.5,
  parted: [{ line: 3, count: 4 }],
  formulas: { requestedBytes: 256 },
};

test("figures of a dispatch, with what the formula and the best kernel would have", () => {
  const found = new Map(figuresOf(counted).map((figure) => [figure.name, figure]));
  expect(found.get("bytes requested from storage")).toMatchObject({ value: 256, formula: 256, ideal: 64 });
  expect(found.get("bytes requested for each byte touched")).toMatchObject({ value: 4 });
  expect(found.get("excess")).toMatchObject({ value: 8, ideal: 1 });
  expect(found.get("worst bank conflict")).toMatchObject({ value: 16 });
  expect(found.get("turns of the banks")).toMatchObject({ value: 32, ideal: 2 });
  expect(found.get("operations on floats")).toMatchObject({ value: 28 });
  expect(found.get("divisions, exp, sqrt and the like")).toMatchObject({ value: 3 });
  expect(found.get("operations on integers")).toMatchObject({ value: 7 });
  expect(found.get("barriers for each workgroup")).toMatchObject({ value: 2 });
  expect(found.get("active threads")).toMatchObject({ value: 50 });
  expect(found.get("divergent branches")).toMatchObject({ value: 4 });
  expect(memoryFigures(counted)).toMatchObject([
    { name: "x", requested: 256, touched: 64, excess: 8 },
    { name: "tile", space: "workgroup", ways: 16 },
  ]);
  expect([changeOf(4, 8), changeOf(8, 4), changeOf(0, 0), changeOf(0, 1)]).toEqual([2, 2, 1, Number.POSITIVE_INFINITY]);
});

test("the least possible time is that of the memory or of the arithmetic, whichever is longer", () => {
  const measured = (value: number) => ({ value, reason: null });
  const peaks = {
    tflopsF32: measured(2),
    tflopsF16: measured(4),
    copyGbs: measured(100),
    workgroupGbs: measured(1),
    dispatchUs: measured(1),
  };
  const time = { name: "x", timing: undefined, reason: undefined, bytes: 1e8, operations: 1e9 };
  expect(boundOf(time, peaks)).toEqual({ ms: 1, by: "memory" });
  expect(boundOf({ ...time, operations: 1e10 }, peaks)).toEqual({ ms: 5, by: "arithmetic" });
  expect(boundOf({ ...time, operations: undefined }, peaks)).toEqual({ ms: 1, by: "memory" });
  expect(boundOf(time, undefined)).toBeUndefined();
});

const memory = (rest: Partial<MemoryInfo>): MemoryInfo => ({
  name: "x",
  space: "storage",
  type: "array<f32>",
  bytes: 960,
  writable: true,
  group: 0,
  binding: 0,
  scalars: [{ scalar: "f32", offset: 0 }],
  stride: 4,
  ...rest,
});

test("a memory is drawn in the rows of its comment, of its inner array, or of the banks", () => {
  const code = "@group(0) @binding(0) var<storage, read_write> x: array<f32>;  // [rows, k]\nvar<workgroup> t: f32;";
  expect(axesOf(code, "x")).toBe("rows, k");
  expect(axesOf(code, "t")).toBeUndefined();
  expect(shapeOf(memory({}), code, { k: 40 })).toEqual({ columns: 40, rows: 6, axes: "rows, k" });
  expect(shapeOf(memory({}), code, {})).toMatchObject({ columns: 32, rows: 8 });
  expect(shapeOf(memory({}), code, { constructor: 5 } as Record<string, number>)).toMatchObject({ columns: 32 });
  const half = memory({ scalars: [{ scalar: "f16", offset: 0 }], stride: 2 });
  expect(shapeOf(half, code, { k: 40 })).toMatchObject({ columns: 20 });
  const tile = memory({ name: "t", space: "workgroup", stride: 68, bytes: 16 * 68 });
  expect(shapeOf(tile, code, {})).toMatchObject({ columns: 17, rows: 16 });
  expect(shapeOf(memory({ bytes: 12 }), code, {})).toMatchObject({ columns: 3, rows: 1 });
});
