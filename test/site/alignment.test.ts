import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { pickAt, revealed } from "../../site/translate/alignment/drawing.ts";
import { columnOf, largest, meanOf, rowMeans, strongest } from "../../site/translate/alignment/weights.ts";
import { pickedWords } from "../../site/translate/alignment/words.ts";
import { unknownSays, unknownWords } from "../../site/translate/text/unknown.ts";
import { tokenText } from "../../src/text/token-text.ts";
import { loadTokenizer } from "../../src/text/tokenizer.ts";

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
  const at = (x: number, y: number, scrolled = { x: 0, y: 0 }) => pickAt(place, scrolled, [x, y]);
  expect(at(50, 30)).toEqual({ row: 0, column: 0 });
  expect(at(89, 49)).toEqual({ row: 1, column: 3 });
  expect(at(20, 45)).toEqual({ row: 1, column: undefined });
  expect(at(65, 5)).toEqual({ row: undefined, column: 1 });
  expect(at(90, 50)).toEqual({ row: undefined, column: undefined });
  // Tokens stay where they are, cells move below them.
  expect(at(50, 30, { x: 20, y: 10 })).toEqual({ row: 1, column: 2 });
  expect(at(20, 35, { x: 20, y: 0 })).toEqual({ row: 0, column: undefined });
  expect(at(75, 30, { x: 20, y: 0 })).toEqual({ row: 0, column: undefined });
});

test("a cell that is out of view is scrolled to, by no more than it takes", () => {
  const place = { left: 50, top: 30, cell: 10, columns: 100, rows: 100 };
  const view = { width: 150, height: 130, x: 200, y: 0 }; // ten cells each way, columns 20 to 29
  const to = (row: number | undefined, column: number | undefined) => revealed(place, { row, column }, view);
  expect(to(3, 25)).toEqual({ x: 200, y: 0 });
  expect(to(10, 19)).toEqual({ x: 190, y: 11 });
  expect(to(undefined, 30)).toEqual({ x: 211, y: 0 });
  expect(to(99, undefined)).toEqual({ x: 200, y: 901 });
});

test("means of rows that were there before are the same objects, until another head is chosen", () => {
  const means = rowMeans();
  const rows = [row, Float32Array.from(row)];
  const [first] = means(rows.slice(0, 1), shape, { layer: 1, head: 2 });
  const [again, second] = means(rows, shape, { layer: 1, head: 2 });
  expect(again).toBe(first);
  expect(second).toEqual(first);
  const [other] = means(rows, shape, { layer: 0, head: undefined });
  expect([...(other ?? [])]).toEqual(both(0.1));
  expect(largest(row)).toBeCloseTo(1.2, 6);
});

test("a word that the model has no token for is named, where it reads <unk> and where it writes it", async () => {
  const file = async (name: string) => JSON.parse(await readFile(`examples/models/dates/${name}.json`, "utf8"));
  const tokenizer = await loadTokenizer(await file("tokenizer"), await file("tokenizer_config"));
  const text = "the third día of märz, 2021 märz";
  const unknown = unknownWords(tokenizer, text);
  expect(unknown).toEqual(["día", "märz,", "märz"]);
  expect(unknownWords(tokenizer, "the third day of march")).toEqual([]);
  const source = tokenizer.encode(text).map((id) => tokenText(tokenizer, id));
  expect(source).toContain("<unk>");
  expect(unknownSays({ source, unknown, target: ["2021"] })).toBe(
    "The model has no token for “día”, “märz,” and “märz”: it reads <unk> there, and cannot know what it was.",
  );
  expect(unknownSays({ source: ["a"], target: ["<unk>"] })).toMatch(/^Where <unk> is written, /);
  expect(unknownSays({ source: ["a"], target: ["b"] })).toBeUndefined();
  const many = unknownSays({ source, unknown: [..."abcdefg"], target: [] });
  expect(many).toMatch(/“a”, “b”, “c”, “d”, “e” and 2 other words:/);
});
