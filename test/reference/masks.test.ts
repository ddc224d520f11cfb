import { describe, expect, it } from "vitest";
import { causal, full, type Mask, masks, pairs } from "../../src/reference/attention/masks.ts";
import { dense } from "../../src/reference/dense.ts";
import { type MaskDescription, maskOf } from "../../src/reference/described.ts";

/** Rows of 0 and 1: which keys each query sees. */
const picture = (mask: Mask, t: number, s: number, start = s - t): string[] =>
  Array.from({ length: t }, (_, i) => Array.from({ length: s }, (_, key) => +mask(0, 0, start + i, key)).join(""));

describe("masks", () => {
  it("causal aligns the last query with the last key", () => {
    expect(picture(causal, 4, 4)).toEqual(["1000", "1100", "1110", "1111"]);
    expect(picture(causal, 2, 4)).toEqual(["1110", "1111"]);
    expect(picture(causal, 4, 2)).toEqual(["00", "00", "10", "11"]);
  });

  it("a window counts its keys, the query's own included", () => {
    expect(picture(masks["sliding-window"]({ keys: 2 }), 4, 4)).toEqual(["1000", "1100", "0110", "0011"]);
    expect(picture(masks["sliding-window"]({ keys: 1 }), 3, 3)).toEqual(["100", "010", "001"]);
    expect(picture(masks["sliding-window"]({ keys: 9 }), 3, 3)).toEqual(picture(causal, 3, 3));
  });

  it("full sees all", () => expect(picture(full, 2, 3)).toEqual(["111", "111"]));
});

describe("pairs", () => {
  it("follows the closed forms", () => {
    expect(pairs(full, { t: 5, s: 7 })).toBe(35);
    for (const [t, s] of [
      [6, 6],
      [3, 9],
      [1, 5],
    ] as const) {
      expect(pairs(causal, { t, s })).toBe((t * (2 * s - t + 1)) / 2);
    }
    expect(pairs(causal, { t: 5, s: 2 })).toBe(3); // three of the queries are empty
    expect(pairs(masks["sliding-window"]({ keys: 4 }), { t: 10, s: 10 })).toBe(4 * 10 - 6);
    expect(pairs(causal, { t: 1, s: 70_000, b: 2, h: 32 })).toBe(2 * 32 * 70_000);
  });

  it.each([
    ["full", full],
    ["causal", causal],
    ["window", masks["sliding-window"]({ keys: 3 })],
  ] as const)("%s: counted by its runs of keys as one pair at a time", (_, mask) => {
    const options = { start: [2, 0], length: [6, 9] };
    const oneByOne: Mask = (b, h, q, k) => mask(b, h, q, k);
    const shape = { t: 4, s: 9, b: 2, h: 3 };
    expect(pairs(mask, shape, options)).toBe(pairs(oneByOne, shape, options));
    expect(pairs(mask, shape)).toBe(pairs(oneByOne, shape));
    const lengths = { length: [6, 9] };
    expect(pairs(mask, shape, lengths)).toBe(pairs(mask, shape, { ...lengths, start: [2, 5] }));
  });

  it("counts masks that differ by batch row and head", () => {
    const mask: Mask = (b, h, _q, k) => k <= b + h;
    expect(pairs(mask, { t: 2, s: 4, b: 2, h: 2 })).toBe(2 * (1 + 2 + 2 + 3));
  });
});

describe("pairs of masks by their closed forms", () => {
  const count = (mask: MaskDescription, size: number, h = 1) => pairs(maskOf(mask), { t: size, s: size, h });
  const sum = (size: number, of: (i: number) => number) =>
    Array.from({ length: size }, (_, i) => of(i)).reduce((total, value) => total + value, 0);
  const triangle = (n: number) => (n * (n + 1)) / 2;
  const [n, l, c] = [60, 12, 3];
  const m = n / l;
  const documents = (lengths: readonly number[]) =>
    dense(
      [1, n],
      lengths.flatMap((length, i) => new Array(length).fill(i)),
    );

  it("window, local, sinks, prefix", () => {
    expect(count({ kind: "sliding-window", keys: 7 }, n)).toBe(7 * n - triangle(6));
    expect(count({ kind: "local", left: 4, right: 2 }, n)).toBe(
      sum(n, (i) => Math.min(n - 1, i + 2) - Math.max(0, i - 4) + 1),
    );
    expect(count({ kind: "sink-window", sinks: 4, keys: 9 }, n)).toBe(sum(n, (i) => Math.min(i + 1, 4 + 9)));
    expect(count({ kind: "prefix", keys: 11 }, n)).toBe(11 ** 2 + (triangle(n) - triangle(11)));
  });

  it("documents and branches", () => {
    const lengths = [7, 31, 22];
    const packed: MaskDescription = { kind: "document", documents: documents(lengths) };
    expect(count({ and: ["causal", packed] }, n)).toBe(sum(3, (i) => triangle(lengths[i] ?? 0)));
    expect(count(packed, n)).toBe(sum(3, (i) => (lengths[i] ?? 0) ** 2));
    // A prompt of 7 that all see, and two answers.
    const tree: MaskDescription = { kind: "shared-prefix", prefix: 7, branches: documents(lengths) };
    expect(count(tree, n)).toBe(7 * n + triangle(31) + triangle(22));
  });

  it("the Sparse Transformer's, in the paper and in the released code", () => {
    expect(count({ kind: "strided", stride: l, set: 2 }, n)).toBe((n * (m + 1)) / 2);
    expect(count({ kind: "strided", stride: l, set: 1 }, n)).toBe((l + 1) * n - triangle(l));
    expect(count({ kind: "strided", stride: l, set: 1, definition: "code" }, n)).toBe(l * n - triangle(l - 1));
    expect(count({ kind: "fixed", stride: l, summary: c, set: 1 }, n)).toBe(m * triangle(l));
    expect(count({ kind: "fixed", stride: l, summary: c, set: 2 }, n)).toBe(
      (l * c * m * (m - 1)) / 2 + m * triangle(c),
    );
    const merged = m * triangle(l) + (l * c * m * (m - 1)) / 2;
    expect(count({ kind: "fixed", stride: l, summary: c }, n)).toBe(merged);
    // Whichever of the four summaries a head has, it is as large.
    expect(count({ kind: "fixed", stride: l, summary: c, definition: "code" }, n, 8)).toBe(8 * merged);
    // The first l − c rows of the second set see nothing.
    const second = maskOf({ kind: "fixed", stride: l, summary: c, set: 2 });
    expect(picture(second, l - c, n, 0).every((row) => !row.includes("1"))).toBe(true);
    expect(picture(second, 1, n, l - c)[0]?.indexOf("1")).toBe(l - c);
  });

  it("heads of the released fixed pattern take the summaries in turn, from the last", () => {
    const mask = maskOf({ kind: "fixed", stride: 4, summary: 1, definition: "code" });
    const row = (head: number) => Array.from({ length: 8 }, (_, key) => +mask(0, head, 8, key)).join("");
    expect([0, 1, 2, 3, 4].map(row)).toEqual(["00010001", "00100010", "01000100", "10001000", "00010001"]);
  });

  it("dilated, chunked, blocks, padding", () => {
    expect(count({ kind: "dilated-window", keys: 9, dilation: 3 }, n)).toBe(
      sum(n, (i) => Math.min(3, Math.floor(i / 3) + 1)),
    );
    expect(count({ kind: "chunked", keys: l }, n)).toBe(m * triangle(l));
    expect(count({ kind: "chunked", keys: 25 }, n)).toBe(2 * triangle(25) + triangle(10));
    const map = dense([1, 1, 3, 3], [1, 0, 0, 0, 1, 1, 0, 0, 1]);
    expect(count({ kind: "block-sparse", map, size: 20 }, n)).toBe(4 * 20 * 20);
    expect(count({ and: ["causal", { kind: "block-sparse", map, size: 20 }] }, n)).toBe(3 * triangle(20));
    const ranges = dense([2, 2], [5, 60, 0, 13]);
    expect(pairs(maskOf({ kind: "key-padding", ranges }), { t: n, s: n, b: 2 })).toBe(n * (55 + 13));
  });
});

describe("block diffusion", () => {
  it.each([
    [6, 2],
    [7, 3],
    [4, 9],
    [5, 1],
  ])("%i tokens in blocks of %i: as the paper draws it", (tokens, size) => {
    const block = (position: number) => Math.floor((position % tokens) / size);
    const isNoised = (position: number) => position < tokens;
    // Block diagonal, offset block causal, block causal: the three parts of the mask in Arriola et al. 2025, section 3.
    const sees = (query: number, key: number) =>
      (isNoised(query) === isNoised(key) && block(query) === block(key)) ||
      (isNoised(query) && !isNoised(key) && block(query) > block(key)) ||
      (!isNoised(query) && !isNoised(key) && block(query) >= block(key));
    const isIn = (position: number) => position >= 0 && position < 2 * tokens;
    const mask = maskOf({ kind: "block-diffusion", tokens, size });
    const rows = picture(mask, 2 * tokens + 4, 2 * tokens + 3, -2);
    const expected: Mask = (_b, _h, query, key) => isIn(query) && isIn(key) && sees(query, key);
    expect(rows).toEqual(picture(expected, 2 * tokens + 4, 2 * tokens + 3, -2));
    // Generation has the rows and columns of the clean half.
    const generation = maskOf({ kind: "block-diffusion", tokens, size, form: "generation" });
    expect(picture(generation, tokens, tokens)).toEqual(
      rows.slice(2 + tokens, 2 + 2 * tokens).map((row) => row.slice(tokens, 2 * tokens)),
    );
    expect(picture(generation, 2, tokens + 1, tokens)).toEqual(["0".repeat(tokens + 1), "0".repeat(tokens + 1)]);
  });

  it("with blocks of one token, clean queries are causal and noised ones see themselves and the clean before", () => {
    const rows = picture(maskOf({ kind: "block-diffusion", tokens: 3, size: 1 }), 6, 6);
    expect(rows).toEqual(["100000", "010100", "001110", "000100", "000110", "000111"]);
  });

  it("m blocks of b tokens leave b² m (m + 1) pairs", () => {
    const pairsOf = (tokens: number, size: number) =>
      pairs(maskOf({ kind: "block-diffusion", tokens, size }), { t: 2 * tokens, s: 2 * tokens });
    for (const [m, b] of [
      [5, 3],
      [1, 4],
      [6, 1],
    ] as const) {
      expect(pairsOf(m * b, b)).toBe(b * b * m * (m + 1));
    }
  });
});

/** All ways to lay a window of `keys` into an axis; the one whose first key is nearest to where it would begin. */
function nearestWindow(length: number, keys: number, wanted: number): number {
  const firsts = Array.from({ length: length - keys + 1 }, (_, first) => first);
  return firsts.reduce((best, first) => (Math.abs(first - wanted) < Math.abs(best - wanted) ? first : best), 0);
}

describe("neighbourhoods", () => {
  const rowsOf = (tokens: number, keys: number, more: object = {}) =>
    picture(maskOf({ kind: "neighbourhood", tokens, keys, ...more }), tokens, tokens);

  it("are shifted at both ends, not cut; an even one has one key more before the query", () => {
    expect(rowsOf(6, 3)).toEqual(["111000", "111000", "011100", "001110", "000111", "000111"]);
    expect(rowsOf(6, 4)).toEqual(["111100", "111100", "111100", "011110", "001111", "001111"]);
    expect(rowsOf(4, 2)).toEqual(["1100", "1100", "0110", "0011"]);
  });

  it.each([1, 2, 3, 4, 5, 8, 11, 12])("of %i keys: that many everywhere, at the nearest place", (keys) => {
    for (const tokens of [keys, keys + 1, 2 * keys + 3, 17 + keys]) {
      for (let stride = 1; stride <= keys; stride++) {
        const rows = rowsOf(tokens, keys, { stride });
        for (const [query, row] of rows.entries()) {
          const leader = Math.min(Math.floor(query / stride) * stride + Math.floor(stride / 2), tokens - 1);
          const first = nearestWindow(tokens, keys, leader - Math.floor(keys / 2));
          expect(row).toBe("0".repeat(first) + "1".repeat(keys) + "0".repeat(tokens - first - keys));
        }
      }
    }
  });

  it("odd ones are those of attention-gym: the distance to a centre that is clamped", () => {
    for (const [tokens, keys] of [
      [9, 3],
      [12, 7],
      [5, 5],
    ] as const) {
      const half = Math.floor(keys / 2);
      const clamped: Mask = (_b, _h, query, key) =>
        Math.abs(Math.min(Math.max(query, half), tokens - 1 - half) - key) <= half;
      expect(rowsOf(tokens, keys)).toEqual(picture(clamped, tokens, tokens));
    }
  });

  it("as wide as the axis or wider are all of it; nothing is outside of the axis", () => {
    for (const keys of [5, 6, 90]) expect(rowsOf(5, keys)).toEqual(picture(full, 5, 5));
    const mask = maskOf({ kind: "neighbourhood", tokens: 5, keys: 9 });
    expect(picture(mask, 4, 7, -2)).toEqual(["0000000", "0000000", "1111100", "1111100"]);
    expect(picture(mask, 2, 7, 4)).toEqual(["1111100", "0000000"]);
  });

  it("causal ones end at the query, and a group's last query sees all keys of the window", () => {
    expect(rowsOf(6, 3, { form: "causal" })).toEqual(picture(masks["sliding-window"]({ keys: 3 }), 6, 6));
    expect(rowsOf(7, 3, { form: "causal", stride: 2 })).toEqual([
      ...["1000000", "1100000", "0110000", "0111000", "0001100", "0001110", "0000111"],
    ]);
  });

  it.each([{}, { stride: 2 }, { form: "causal" }, { form: "causal", stride: 3 }])(
    "dilated, each residue class is a neighbourhood of its own: %o",
    (more) => {
      for (const [tokens, keys, dilation] of [
        [13, 3, 2],
        [14, 4, 3],
        [7, 3, 9],
        [20, 5, 4],
      ] as const) {
        const rows = rowsOf(tokens, keys, { ...more, dilation });
        for (let residue = 0; residue < Math.min(dilation, tokens); residue++) {
          const every = (text: string | readonly string[]) =>
            Array.from(text).filter((_, position) => position % dilation === residue);
          const length = every("x".repeat(tokens)).length;
          expect(every(rows).map((row) => every(row).join(""))).toEqual(rowsOf(length, keys, more));
        }
        const strays = rows.flatMap((row, q) =>
          Array.from(row).filter((sees, k) => sees === "1" && (q - k) % dilation),
        );
        expect(strays).toEqual([]);
      }
    },
  );

  it("a stride longer than the window is refused: a query would not see itself", () => {
    expect(() => rowsOf(9, 3, { stride: 4 })).toThrow("stride 4, expected at most the window's 3");
  });
});

describe("neighbourhoods in a grid", () => {
  /** Pictures of the window of one query, row after row. */
  const windowOf = (mask: Mask, query: number, rows: number, columns: number): string[] =>
    Array.from({ length: rows }, (_, row) =>
      Array.from({ length: columns }, (_unused, column) => +mask(0, 0, query, row * columns + column)).join(""),
    );

  it("are rectangles that are shifted at the border", () => {
    const mask = maskOf({ kind: "neighbourhood-2d", rows: 4, columns: 5, height: 3, width: 2 });
    expect(windowOf(mask, 0, 4, 5)).toEqual(["11000", "11000", "11000", "00000"]);
    expect(windowOf(mask, 7, 4, 5)).toEqual(["01100", "01100", "01100", "00000"]);
    expect(windowOf(mask, 19, 4, 5)).toEqual(["00000", "00011", "00011", "00011"]);
    expect([-1, 20].map((query) => windowOf(mask, query, 4, 5).join("").includes("1"))).toEqual([false, false]);
    expect(mask(0, 0, 0, 20)).toBe(false);
  });

  it.each([
    [5, 7, 3, 3, 1],
    [6, 4, 4, 2, 1],
    [6, 5, 2, 5, 2],
    [7, 8, 4, 3, 3],
    [3, 3, 9, 9, 1],
  ])("%i by %i, a window of %i by %i, stride %i: the nearest of all windows that fit", (rows, columns, ...more) => {
    const [height, width, stride] = more;
    const mask = maskOf({ kind: "neighbourhood-2d", rows, columns, height, width, stride });
    const firstOf = (place: number, length: number, keys: number) => {
      const leader = Math.min(Math.floor(place / stride) * stride + Math.floor(stride / 2), length - 1);
      return nearestWindow(length, Math.min(keys, length), leader - Math.floor(Math.min(keys, length) / 2));
    };
    const brute: Mask = (_b, _h, query, key) => {
      const [top, left] = [
        firstOf(Math.floor(query / columns), rows, height),
        firstOf(query % columns, columns, width),
      ];
      const [row, column] = [Math.floor(key / columns), key % columns];
      return row >= top && row < top + height && column >= left && column < left + width;
    };
    const n = rows * columns;
    expect(picture(mask, n, n)).toEqual(picture(brute, n, n));
    expect(pairs(mask, { t: n, s: n })).toBe(n * Math.min(height, rows) * Math.min(width, columns));
  });

  it("causal ones see nothing below or to the right, dilated ones their own residue classes", () => {
    const one = { kind: "neighbourhood-2d", rows: 5, columns: 6, height: 2, width: 3 } as const;
    const [top, left] = [2, 4];
    const query = top * 6 + left;
    expect(windowOf(maskOf({ ...one, form: "causal" }), query, 5, 6)).toEqual([
      ...["000000", "001110", "001110", "000000", "000000"],
    ]);
    expect(windowOf(maskOf({ ...one, dilation: 2 }), query, 5, 6)).toEqual([
      ...["101010", "000000", "101010", "000000", "000000"],
    ]);
  });
});

describe("sliding tiles", () => {
  const tile = { kind: "sliding-tile", size: 4, rows: 3, columns: 4, height: 3, width: 1 } as const;

  it("blocks of a tile's size are full or empty, and every query sees as many", () => {
    for (const [height, width, depth] of [
      [2, 3, 1],
      [1, 4, 2],
      [3, 2, 3],
    ] as const) {
      const video = maskOf({ ...tile, height, width, frames: 3, depth });
      const n = 3 * 3 * 4 * 4;
      const rows = picture(video, n, n);
      for (let block = 0; block < n; block += 4) {
        expect(new Set(rows.slice(block, block + 4)).size).toBe(1);
        for (let key = 0; key < n; key += 4) expect(["1111", "0000"]).toContain(rows[block]?.slice(key, key + 4));
      }
      expect(rows.every((row) => row.replaceAll("0", "").length === height * width * depth * 4)).toBe(true);
    }
  });

  it("odd windows are those of the released kernel: distances to a centre that is clamped", () => {
    const [frames, rows, columns, depth, height, width] = [4, 3, 5, 3, 1, 3];
    const near = (query: number, key: number, length: number, window: number) => {
      const half = Math.floor(window / 2);
      return Math.abs(Math.min(Math.max(query, half), length - 1 - half) - key) <= half;
    };
    const place = (position: number) => {
      const at = Math.floor(position / 2);
      return [Math.floor(at / (rows * columns)), Math.floor(at / columns) % rows, at % columns] as const;
    };
    const clamped: Mask = (_b, _h, query, key) => {
      const [[f, r, c], [kf, kr, kc]] = [place(query), place(key)];
      return near(f, kf, frames, depth) && near(r, kr, rows, height) && near(c, kc, columns, width);
    };
    const n = 2 * frames * rows * columns;
    const mask = maskOf({ kind: "sliding-tile", size: 2, rows, columns, height, width, frames, depth });
    expect(picture(mask, n, n)).toEqual(picture(clamped, n, n));
  });

  it("are neighbourhoods whose stride is a tile, when positions are ordered tile by tile", () => {
    const natten = maskOf({ kind: "neighbourhood", tokens: 12, keys: 9, stride: 3 });
    const inRow = maskOf({ kind: "sliding-tile", size: 3, rows: 1, columns: 4, height: 1, width: 3 });
    expect(picture(inRow, 12, 12)).toEqual(picture(natten, 12, 12));
    const square = maskOf({ kind: "neighbourhood-2d", rows: 6, columns: 6, height: 2, width: 6, stride: 2 });
    const tiled = maskOf({ kind: "sliding-tile", size: 4, rows: 3, columns: 3, height: 1, width: 3 });
    const position = (at: number) => {
      const [index, within] = [Math.floor(at / 4), at % 4];
      return (2 * Math.floor(index / 3) + Math.floor(within / 2)) * 6 + 2 * (index % 3) + (within % 2);
    };
    const ordered: Mask = (b, h, query, key) => square(b, h, position(query), position(key));
    expect(picture(tiled, 36, 36)).toEqual(picture(ordered, 36, 36));
  });

  it("a text after the tiles sees all and is seen by all; nothing is after it", () => {
    const [without, mask] = [maskOf(tile), maskOf({ ...tile, text: 3 })];
    const rows = picture(mask, 53, 52, 0);
    expect(rows.slice(0, 48)).toEqual(picture(without, 48, 48).map((row) => `${row}1110`));
    expect(rows.slice(48)).toEqual([...new Array(3).fill(`${"1".repeat(51)}0`), "0".repeat(52), "0".repeat(52)]);
    expect(picture(mask, 1, 4, -1)).toEqual(["0000"]);
  });
});
