import { expect, test } from "vitest";
import { type MaskOptions, maskTokens } from "../../../src/train/data/mask-tokens.ts";

const [vocabulary, mask] = [50, 49];
const options: MaskOptions = { mask, vocabulary, never: [0, 1] };
const rows = Array.from({ length: 40 }, (_, row) => [
  0,
  ...Array.from({ length: 100 }, (_, i) => 2 + ((row * 31 + i * 7) % 47)),
  1,
]);

test("of each row 15 % of what may be hidden, at least one token, and no special one", () => {
  const { ids, targets } = maskTokens(rows, options);
  for (const [i, row] of rows.entries()) {
    const at = targets[i]?.flatMap((target, at) => (target >= 0 ? [at] : [])) ?? [];
    expect(at).toHaveLength(15);
    for (const one of at) expect(targets[i]?.[one]).toBe(row[one]);
    for (const [one, id] of row.entries()) if (!at.includes(one)) expect(ids[i]?.[one]).toBe(id);
    expect([ids[i]?.[0], ids[i]?.at(-1)]).toEqual([0, 1]);
  }
  expect(
    maskTokens([[5], [5, 6], [0, 1], []], options).targets.map((row) => row.filter((one) => one >= 0).length),
  ).toEqual([1, 1, 0, 0]);
  const all = maskTokens(rows, { ...options, share: 1 }).targets.flat();
  expect(all.filter((target) => target >= 0)).toHaveLength(4000);
  expect(rows[0]?.[0]).toBe(0); // what is given stays
});

test("80 % become the mask, 10 % another token, which may be any but special ones, and 10 % stay", () => {
  const { ids, targets } = maskTokens(rows, { ...options, share: 1 });
  const [found, wanted] = [ids.flat(), targets.flat()];
  const hidden = found.filter((_, i) => (wanted[i] ?? -1) >= 0);
  const became = hidden.filter((id) => id === mask).length;
  const same = found.filter((id, i) => id === wanted[i]).length;
  // Of 4,000: a deviation of √(n·p·(1 − p)) is 25 and 19.
  expect(became).toBe(3195);
  expect(Math.abs(became - 3200)).toBeLessThan(75);
  expect(Math.abs(same - 400 - 400 / 47)).toBeLessThan(60);
  const random = new Set(hidden.filter((id) => id !== mask));
  expect([...random].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 47 }, (_, i) => i + 2));
  // No token but those that are skipped: it stays.
  expect(
    maskTokens([[3, 3, 3, 3]], { mask: 1, vocabulary: 2, never: [0], share: 1 })
      .ids.flat()
      .every((id) => id === 1 || id === 3),
  ).toBe(true);
});

test("it depends on seed, step, row and position alone", () => {
  const of = (more: Partial<MaskOptions>) => maskTokens(rows, { ...options, ...more });
  expect(of({})).toEqual(of({ seed: 0, step: 0 }));
  expect(of({ step: 1 })).not.toEqual(of({}));
  expect(of({ seed: 1 })).not.toEqual(of({}));
  expect(maskTokens(rows.slice(0, 3), options).ids).toEqual(of({}).ids.slice(0, 3));
  expect(maskTokens([[5, 6, 7, 8, 9, 10, 11, 12, 13, 14]], { ...options, seed: 3, step: 9 })).toMatchInlineSnapshot(`
    {
      "ids": [
        [
          5,
          6,
          7,
          8,
          9,
          10,
          49,
          34,
          13,
          14,
        ],
      ],
      "targets": [
        [
          -100,
          -100,
          -100,
          -100,
          -100,
          -100,
          11,
          12,
          -100,
          -100,
        ],
      ],
    }
  `);
});

test("bad options are refused", () => {
  expect(() => maskTokens(rows, { ...options, mask: 50 })).toThrow("maskTokens: mask is 50, expected a token below 50");
  expect(() => maskTokens(rows, { ...options, share: 0 })).toThrow("share is 0, expected a number above 0 and up to 1");
  expect(() => maskTokens([1] as never, options)).toThrow("maskTokens: rows is [1], expected a list");
});
