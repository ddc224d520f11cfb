// The rule by which `npm test` chooses tests: what is added without a tag is in it by itself.
import { expect, test } from "vitest";
import type { Case, CaseTable } from "../../src/check/case-table.ts";
import { modCases } from "../../src/check/cases/attention/mods.ts";
import { matmulCases } from "../../src/check/cases/products/matmul.ts";
import { firstCases, isIrregular, kindsOf } from "../../src/check/first-cases.ts";
import { byTurns } from "./by-turns.ts";
import { firstIf, firstOfEach, fullCases } from "./first-tier.ts";
import { hasFirst, isUnit, kindOf, testFiles } from "./kinds.ts";

const input = (...shape: number[]) => ({
  x: { shape, values: new Float32Array(shape.reduce((n, size) => n * size, 1)) },
});
const plain: Case = { name: "plain", inputs: input(8, 16) };
const ragged: Case = { name: "ragged", inputs: input(3, 7) };
const single: Case = { name: "one element", inputs: input(1) };
const huge: Case = { name: "huge", inputs: input(1024, 1024) };

const chosen = (variants: readonly string[], cases: readonly Case[]) =>
  [...firstCases({ variants, cases })].map(([variant, items]) => [variant, ...[...items].map(({ name }) => name)]);

test("each variant, a new one too, has a plain case and an irregular one", () => {
  expect(chosen(["naive"], [single, huge, plain, ragged])).toEqual([["naive", "plain", "ragged"]]);
  expect(chosen(["naive", "new"], [single, huge, plain, ragged])).toEqual([
    ["naive", "plain", "ragged"],
    ["new", "plain", "ragged"],
  ]);
  const refused: Case = { ...plain, name: "refused", refusedBy: ["new"] };
  expect(chosen(["new"], [refused, plain, ragged])).toEqual([["new", "plain", "ragged"]]);
  expect(chosen(["new"], [plain, { ...plain, name: "another" }])).toEqual([["new", "plain", "another"]]);
});

test("each kind that records name, a new one too, has a case on some variant that takes it", () => {
  const masked = (kind: string, more: Partial<Case> = {}): Case => ({
    name: kind,
    inputs: input(8, 16),
    options: { mask: { kind } },
    ...more,
  });
  const stored: Case = { name: "stored", inputs: { x: { ...plain.inputs.x, dtype: "bf16" } as never } };
  const cases = [plain, ragged, masked("window"), masked("new", { refusedBy: ["naive"] }), stored];
  expect(chosen(["naive", "flash"], cases)).toEqual([
    ["naive", "plain", "ragged", "window", "stored"],
    ["flash", "plain", "ragged", "new"],
  ]);
});

test.each<[string, CaseTable]>([
  ["attention's masks and scores", modCases as CaseTable],
  ["products and the formats of weights", matmulCases as CaseTable],
])("of the tables of %s no kind is left out", (_, table) => {
  const all = new Set(table.cases.flatMap(kindsOf));
  const first = new Set([...firstCases(table).values()].flatMap((items) => [...items].flatMap(kindsOf)));
  expect([...all].filter((kind) => !first.has(kind))).toEqual([]);
  expect(all.size).toBeGreaterThan(10);
});

test("of a large table all tests run each case on one variant, and what the first tier has", () => {
  const table = matmulCases as CaseTable;
  const first = firstCases(table);
  const full = fullCases(table, first);
  const ran = (item: Case) => table.variants.filter((variant) => full.get(variant)?.has(item));
  for (const item of table.cases) {
    const able = table.variants.filter((variant) => !item.refusedBy?.includes(variant));
    expect(ran(item).filter((variant) => able.includes(variant)).length, item.name).toBeGreaterThan(0);
    expect(ran(item)).toEqual(expect.arrayContaining(item.refusedBy?.slice() ?? []));
  }
  for (const variant of table.variants) {
    const own = [...(full.get(variant) ?? [])].filter((item) => !first.get(variant)?.has(item));
    expect(own.filter((item) => !item.refusedBy?.includes(variant)).length, variant).toBeGreaterThan(0);
    expect([...(full.get(variant) ?? [])]).toEqual(expect.arrayContaining([...(first.get(variant) ?? [])]));
  }
  const runs = (of: ReadonlyMap<string, ReadonlySet<Case>>, variant: string) => of.get(variant)?.size ?? 0;
  const seldom = fullCases(table, new Map(), ["tiled"]);
  expect(runs(seldom, "tiled")).toBeLessThan(runs(seldom, "naive"));
  expect(runs(seldom, "tiled")).toBeGreaterThan(0);
  const small = { variants: ["naive", "new"], cases: [plain, ragged, single] };
  expect([...fullCases(small, firstCases(small)).values()].map(({ size }) => size)).toEqual([3, 3]);
});

test("all families run on the first device, and one on each other, a new one too", () => {
  const pairs = (families: readonly string[]) =>
    byTurns({ default: 0, plain: 1, swiftshader: 2 }, families).map(([device, family]) => `${device} ${family}`);
  expect(pairs(["a", "b", "c"])).toEqual(["default a", "default b", "default c", "plain b", "swiftshader c"]);
  expect(pairs(["a", "b", "c", "new"])).toContain("default new");
  expect(pairs(["a"])).toEqual(["default a", "plain a", "swiftshader a"]);
});

test("irregular is what has a mask, or leaves a rest", () => {
  expect([plain, ragged, single].map(isIrregular)).toEqual([false, true, false]);
  expect(isIrregular({ ...plain, options: { mask: "causal" } })).toBe(true);
});

test("of a list of things the first of each kind is chosen", () => {
  const items = [{ kind: "a" }, { kind: "b" }, { kind: "a" }];
  expect(items.map(firstOfEach(items, ({ kind }) => kind))).toEqual([true, true, false]);
  expect([firstIf(true), firstIf(false)]).toEqual([{ tags: "first" }, {}]);
});

test("files that open no device are units, and those of kernels have tests of the first tier", () => {
  const units = testFiles.filter(isUnit);
  expect(units.length).toBeGreaterThan(100);
  expect(units).toContain("test/support/first-tier.test.ts");
  expect(isUnit("test/kernels/rows/softmax.test.ts")).toBe(false);
  expect(isUnit("test/browser/pages.test.ts")).toBe(false);
  const tables = testFiles.filter((file) => kindOf(file) === "kernels" && hasFirst(file));
  expect(tables.length).toBeGreaterThan(40);
});
