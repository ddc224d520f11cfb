// What the page that studies kernels says of values: their texts, their distance from the definition, what was printed,
// and what the reader changes.
import { expect, test } from "vitest";
import type { RunReport } from "../../../site/study/worker/protocol.ts";
import { pageGlobals } from "../page-globals.ts";

pageGlobals();
const { verdictOf } = await import("../../../site/study/results/check.ts");
const { isSamePrint, printRows } = await import("../../../site/study/results/prints.ts");
const { rangeOf, ulpsBetween, valueText } = await import("../../../site/study/session/values.ts");
const { stepKeys } = await import("../../../site/study/keys.ts");
const state = await import("../../../site/study/state.ts");

test("values in few characters", () => {
  const float = (value: number) => valueText(value, "f32");
  expect([0, 1.23456, -0.5, 1e-7, -3.4e38, Number.NaN, Number.POSITIVE_INFINITY].map(float)).toEqual([
    ...["0", "1.23", "−0.5", "1.0e−7", "−3.4e38", "NaN", "∞"],
  ]);
  expect([valueText(4294967295, "u32"), valueText(-7, "i32"), valueText(1, "bool")]).toEqual([
    "4294967295",
    "−7",
    "true",
  ]);
  expect(rangeOf([3, Number.NaN, -2, Number.POSITIVE_INFINITY])).toEqual([-2, 3]);
  expect(rangeOf([Number.NaN])).toBeUndefined();
});

test("f32 between two numbers", () => {
  expect(ulpsBetween(1, 1 + 2 ** -23)).toBe(1);
  expect(ulpsBetween(0, -0)).toBe(0);
  expect(ulpsBetween(-(2 ** -149), 2 ** -149)).toBe(2);
  expect(ulpsBetween(Number.NaN, 1)).toBeNaN();
});

const floats = (...values: number[]) => Float64Array.of(...values);

test("a verdict names the worst element, and what is NaN where it should not be", () => {
  expect(verdictOf(floats(1, 2, 3), floats(1, 2, 3), "f32")).toMatchObject({ isRight: true, nmse: 0, ulps: 0 });
  const near = verdictOf(floats(1, 2 + 2 ** -20, 3), floats(1, 2, 3), "f32");
  expect(near).toMatchObject({ isRight: true, index: 1, misplaced: 0, ulps: 4 });
  expect(verdictOf(floats(1, 2, 4), floats(1, 2, 3), "f32")).toMatchObject({ isRight: false, index: 2 });
  const gap = verdictOf(floats(1, Number.NaN, Number.NaN), floats(1, 2, 3), "f32");
  expect(gap).toMatchObject({ isRight: false, index: 1, misplaced: 2 });
  expect(verdictOf(floats(1, 3), floats(1, 2), "u32")).toMatchObject({ isRight: false, cap: 0 });
  expect(verdictOf(floats(Number.NaN), floats(Number.NaN), "f32")).toMatchObject({ isRight: true, misplaced: 0 });
});

test("printed lines of both executions are compared by thread, in the order of each", () => {
  const print = (lane: number, x: number, value: number) => ({
    line: 5,
    lane,
    workgroup: [x, 0, 0] as const,
    step: 0,
    values: [value],
  });
  const prints: RunReport["prints"] = [print(0, 0, 1), print(1, 0, 2), print(0, 0, 3), print(0, 1, 4)];
  const marks = {
    prints: [
      { step: 10, line: 5, lane: 0, values: [1] },
      { step: 11, line: 5, lane: 1, values: [2] },
      { step: 20, line: 5, lane: 0, values: [3] },
    ],
  };
  // The GPU's come in another order between threads.
  const rows = printRows(prints, marks, [0, 0, 0], [print(0, 1, 4), print(1, 0, 2), print(0, 0, 1), print(0, 0, 3.5)]);
  expect(rows.map(({ step, onGpu }) => [step, onGpu?.[0]])).toEqual([
    [10, 1],
    [11, 2],
    [20, 3.5],
    [undefined, 4],
  ]);
  expect(rows.map(isSamePrint)).toEqual([true, true, false, true]);
  expect(printRows(prints, marks, [0, 0, 0], []).map(isSamePrint)).toEqual([false, false, false, false]);
});

test("keys are different, and none acts while a field has the focus", () => {
  const names = stepKeys.map(({ keys }) => keys);
  expect(new Set(names).size).toBe(names.length);
  expect(stepKeys.filter(({ single, outsideFields }) => !single && !outsideFields)).toEqual([]);
  for (const key of ["F8", "F10", "F11", "b", "B", "[", "]", ",", ".", "r", "w", "g"]) expect(names).toContain(key);
  const pressed = (key: string, shiftKey = false) =>
    stepKeys.filter(({ matches }) => matches?.({ key, shiftKey } as KeyboardEvent)).map(({ keys }) => keys);
  expect([pressed("F10"), pressed("F10", true), pressed("7")]).toEqual([["F10"], ["Shift+F10"], ["0 to 9"]]);
});

test("another kernel begins without what belonged to the text of the one before; changes can be taken back", () => {
  state.prepared.value = {
    files: [{ name: "gemm/naive", text: "a" }],
    sizes: [],
    workgroups: [1, 1, 1],
    axes: {},
  };
  state.watches.value = ["sum"];
  state.lens.value = [1, 0, 0];
  state.edit("gemm/naive", "b");
  expect(state.files.value).toEqual([{ name: "gemm/naive", text: "b" }]);
  state.edit("gemm/naive", "a"); // as it was
  expect(state.study.value.edits).toEqual({});
  state.edit("gemm/naive", "c");
  state.chooseKernel("gemm/tiled");
  expect(state.study.value).toMatchObject({ kernel: "gemm/tiled", edits: {}, sizes: {} });
  expect([state.watches.value, state.lens.value]).toEqual([[], [0, 0, 0]]);
  state.joined.value = {
    code: "x\ny",
    lines: [
      { file: "lib/a", line: 7 },
      { file: "lib/b", line: 2 },
    ],
  };
  expect([state.placeOf(2), state.joinedLineOf("lib/a", 7), state.joinedLineOf("lib/a", 8)]).toEqual([
    { file: "lib/b", line: 2 },
    1,
    0,
  ]);
});
