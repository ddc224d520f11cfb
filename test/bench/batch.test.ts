import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BatchGroup, formatBatch, parseBatch, parseLength } from "../../bench/attention/batch.ts";

describe("the batch grammar", () => {
  test.each([
    ["q2k", [{ count: 1, t: 2048, s: 2048 }]],
    ["8q1s1k", [{ count: 8, t: 1, s: 1024 }]],
    ["q1ks2k", [{ count: 1, t: 1024, s: 2048 }]],
    [
      "2q2k_32q1s1k",
      [
        { count: 2, t: 2048, s: 2048 },
        { count: 32, t: 1, s: 1024 },
      ],
    ],
    ["16q4s1000", [{ count: 16, t: 4, s: 1000 }]],
    ["q5s2", [{ count: 1, t: 5, s: 2 }]],
  ])("%s", (text, groups) => {
    expect(parseBatch(text)).toEqual({ text, groups });
  });

  test("sequences of one shape are one group, whatever their order", () => {
    expect(parseBatch("q4_2q1s8_q4s4_q1s8")).toEqual({
      text: "2q4_3q1s8",
      groups: [
        { count: 2, t: 4, s: 4 },
        { count: 3, t: 1, s: 8 },
      ],
    });
  });

  const number = fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.constantFrom(1024, 2048, 131072, 1 << 30));
  const group = fc.record({ count: number, t: number, s: number });
  const groups = fc.uniqueArray(group, { minLength: 1, maxLength: 5, selector: ({ t, s }) => `${t} ${s}` });

  test("any groups can be written and read back", () => {
    fc.assert(
      fc.property(groups, (given) => {
        expect(parseBatch(formatBatch(given)).groups).toEqual(given);
      }),
    );
  });

  test("the text is in its shortest form, and stays what it is", () => {
    fc.assert(
      fc.property(groups, (given) => {
        const text = formatBatch(given);
        expect(formatBatch(parseBatch(text).groups)).toBe(text);
        expect(parseBatch(text).text).toBe(text);
      }),
    );
  });

  test("any text is read, or refused with a message that quotes it; no result is empty", () => {
    const letters = fc.string({ unit: fc.constantFrom(..."0123456789qsk_x- "), maxLength: 12 });
    fc.assert(
      fc.property(letters, (text) => {
        let read: readonly BatchGroup[];
        try {
          read = parseBatch(text).groups;
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          expect(String(error)).toMatch(/^RangeError: batch /);
          return;
        }
        for (const { count, t, s } of read) expect(Math.min(count, t, s)).toBeGreaterThan(0);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ["", 'batch is empty, expected for example "q2k" or "8q1s1k"'],
    ["2k", 'batch "2k" is not of the form (<n>)q<queries>(k)(s<keys>(k)), such as q2k, 8q1s1k or q1ks2k'],
    ["8q1s1k_", 'batch "8q1s1k_": "" is not of the form'],
    ["q1s1k_q1t5", 'batch "q1s1k_q1t5": "q1t5" is not of the form'],
    ["q1.5k", 'batch "q1.5k" is not of the form'],
    ["q01", 'batch "q01" is not of the form'],
    ["q-1", 'batch "q-1" is not of the form'],
    ["0q1s1k", 'batch "0q1s1k" has 0 sequences, expected 1 or more'],
    ["q0", 'batch "q0" has 0 queries, expected 1 or more'],
    ["q1s0k", 'batch "q1s0k" has 0 keys, expected 1 or more'],
    ["q99999999999999", /has 99999999999999 queries, expected at most 1073741824/],
  ])("refuses %j", (text, message) => {
    expect(() => parseBatch(text)).toThrow(message);
  });
});

test("lengths", () => {
  expect(parseLength("16k", "--tokens")).toBe(16384);
  expect(parseLength("0", "left", 0)).toBe(0);
  expect(() => parseLength("0", "--tokens")).toThrow('--tokens is "0", expected a count of 1 or more');
  expect(() => parseLength("k", "--tokens")).toThrow('--tokens is "k"');
  expect(() => parseLength("1e3", "--tokens")).toThrow('--tokens is "1e3"');
});
