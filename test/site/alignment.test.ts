import { expect, test } from "vitest";
import { pickAt } from "../../site/translate/alignment/drawing.ts";
import { columnOf, meanOf, strongest } from "../../site/translate/alignment/weights.ts";
import { pickedWords } from "../../site/translate/alignment/words.ts";

const shape = { layers: 2, heads: 3, perHead: true };
/** The weight of two sources in head `h` of layer `l` is `l + h / 10` and a tenth of it. */
const row = Float32Array.from({ length: 12 }, (_, i) => {
  const part = Math.floor(i / 2);
  const weight = Math.floor(part / 3) + (part % 3) / 10;
  return i % 2 === 0 ? weight : weight / 10;
});
const both = (weight: number) => [expect.closeTo(weight, 6), expect.closeTo(weight / 10, 6)];

test("means of a layer, of a head, of both and of all", () => {
  const mean = (layer?: number, head?: number) => [...meanOf(row, shape, { layer, head })];
  expect(mean(1, 2)).toEqual(both(1.2));
  expect(mean(0)).toEqual(both(0.1));
  expect(mean(undefined, 1)).toEqual(both(0.6));
  expect(mean()).toEqual(both(0.6));
  expect([...meanOf([0.25, 0.75], { ...shape, perHead: false }, { layer: 1, head: 1 })]).toEqual([0.25, 0.75]);
});

test("the strongest, of which the first counts where they are equal", () => {
  expect(strongest([0.1, 0.4, 0.4, 0.1], 3)).toEqual([1, 2, 0]);
  expect(columnOf([[1, 2], [3]], 1)).toEqual([2, 0]);
});

test("what is picked, in words", () => {
  const run = { source: [" the", " cat", "</s>"], target: ["die", " Katze"] };
  const rows = [[0.8, 0.15, 0.05]];
  const say = (at: { row?: number; column?: number }) => pickedWords(run, rows, { row: at.row, column: at.column });
  expect(say({})).toBe("");
  expect(say({ row: 0 })).toBe("“die” attends most to “␣the” 80.0 %, “␣cat” 15.0 %, “</s>” 5.00 %.");
  expect(say({ row: 0, column: 1 })).toMatch(/^“die” attends to “␣cat”: 15\.0 %; most to “␣the”/);
  expect(say({ column: 2 })).toMatch(/^“<\/s>” is attended to most by “die” 5\.00 %/);
  expect(say({ row: 1 })).toBe("");
});

test("points of the grid: a cell, a token next to it, and nothing", () => {
  const place = { left: 50, top: 30, cell: 10, columns: 4, rows: 2 };
  expect(pickAt(place, 50, 30)).toEqual({ row: 0, column: 0 });
  expect(pickAt(place, 89, 49)).toEqual({ row: 1, column: 3 });
  expect(pickAt(place, 20, 45)).toEqual({ row: 1, column: undefined });
  expect(pickAt(place, 65, 5)).toEqual({ row: undefined, column: 1 });
  expect(pickAt(place, 90, 50)).toEqual({ row: undefined, column: undefined });
});
