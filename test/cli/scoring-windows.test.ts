import fc from "fast-check";
import { expect, test } from "vitest";
import { scoringWindows } from "../../src/cli/perplexity.ts";
import { splitDocuments } from "../../src/text/split-documents.ts";

test("the first window scores all but its first token, later ones the last stride", () => {
  expect([...scoringWindows(10, 6, 2)]).toEqual([
    { begin: 0, end: 6, from: 1 },
    { begin: 2, end: 8, from: 6 },
    { begin: 4, end: 10, from: 8 },
  ]);
});

test("the last window ends with the text", () => {
  expect([...scoringWindows(7, 4, 2)].at(-1)).toEqual({ begin: 4, end: 7, from: 6 });
});

test("given tokens are read and not scored", () => {
  expect([...scoringWindows(5, 8, 4, 2)]).toEqual([{ begin: 0, end: 5, from: 2 }]);
  expect([...scoringWindows(2, 8, 4, 2)]).toEqual([]);
});

test("every token is scored once, in a window's reach, after enough others", () => {
  const sizes = fc.record({ length: fc.nat(200), window: fc.integer({ min: 2, max: 40 }), given: fc.nat(10) });
  const cases = sizes.chain((size) =>
    fc.record({ size: fc.constant(size), stride: fc.integer({ min: 1, max: size.window - 1 }) }),
  );
  fc.assert(
    fc.property(cases, ({ size: { length, window, given }, stride }) => {
      const scored: number[] = [];
      for (const { begin, end, from } of scoringWindows(length, window, stride, given)) {
        expect(end - begin).toBeLessThanOrEqual(window);
        expect(begin).toBeLessThan(from);
        if (begin > 0) expect(from - begin).toBeGreaterThanOrEqual(window - stride);
        for (let token = from; token < end; token++) scored.push(token);
      }
      const first = Math.max(1, given);
      expect(scored).toEqual(Array.from({ length: Math.max(0, length - first) }, (_, i) => first + i));
    }),
  );
});

test("documents are what is between separator lines", () => {
  const text = "one\n\ntwo\n\n<|endoftext|>\n\nthree <|endoftext|> four\n<|endoftext|>\n\n<|endoftext|>\nfive";
  expect(splitDocuments(text, "<|endoftext|>")).toEqual(["one\n\ntwo", "three <|endoftext|> four", "five"]);
  expect(splitDocuments(text, undefined)).toEqual([text]);
});
