import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createStopMatcher } from "../../src/text/stream.ts";
import { TextError } from "../../src/text/text-error.ts";

/** What a matcher gives for each piece, and at the end. */
function run(stops: readonly string[], pieces: readonly string[]) {
  const matcher = createStopMatcher(stops);
  const results = pieces.map((piece) => matcher.push(piece));
  return { texts: results.map(({ text }) => text), stopped: results.at(-1)?.stopped, rest: matcher.end() };
}

/** The stop string that ends first in a whole text, the longest of those, and the text before it. */
function whole(stops: readonly string[], text: string) {
  const found = stops
    .map((stop) => ({ stop, start: text.indexOf(stop) }))
    .filter(({ start }) => start >= 0)
    .sort((a, b) => a.start + a.stop.length - (b.start + b.stop.length) || b.stop.length - a.stop.length);
  const first = found[0];
  return { text: first === undefined ? text : text.slice(0, first.start), stopped: first?.stop };
}

describe("a stop matcher", () => {
  test("lets text without stop strings through at once", () => {
    expect(run(["###"], ["Call ", "me"])).toEqual({ texts: ["Call ", "me"], stopped: undefined, rest: "" });
    expect(run([], ["###", ""])).toEqual({ texts: ["###", ""], stopped: undefined, rest: "" });
  });

  test("stops before a stop string, and gives nothing more", () => {
    expect(run(["###"], ["a###b", "c"])).toEqual({ texts: ["a", ""], stopped: "###", rest: "" });
  });

  test("holds back what may become a stop string, and gives it when it does not", () => {
    expect(run(["###"], ["a#", "#", "b", "##", "c"])).toEqual({
      texts: ["a", "", "##b", "", "##c"],
      stopped: undefined,
      rest: "",
    });
    expect(run(["###"], ["a##"])).toEqual({ texts: ["a"], stopped: undefined, rest: "##" });
    expect(run(["###"], ["a#", "#", "#"])).toEqual({ texts: ["a", "", ""], stopped: "###", rest: "" });
    expect(run(["aab"], ["a", "a", "a", "b"])).toEqual({ texts: ["", "", "a", ""], stopped: "aab", rest: "" });
  });

  test("the string that is complete first wins, the longer one of two", () => {
    expect(run(["abcd", "bc"], ["xabcd"])).toEqual({ texts: ["xa"], stopped: "bc", rest: "" });
    expect(run(["s>", "</s>"], ["x</s>"])).toEqual({ texts: ["x"], stopped: "</s>", rest: "" });
    expect(run(["</s>", "s>"], ["x</s>"])).toEqual({ texts: ["x"], stopped: "</s>", rest: "" });
    expect(run(["ab", "abc"], ["abc"])).toEqual({ texts: [""], stopped: "ab", rest: "" });
  });

  test("refuses strings that cannot be met", () => {
    expect(() => createStopMatcher(["a", ""])).toThrow(
      new TextError("stop string 1 is empty, expected at least one character"),
    );
    expect(() => createStopMatcher(["\ud83d"])).toThrow(new TextError("stop string 0 is not well-formed Unicode"));
  });

  test("is the search in the whole text, however it is cut", () => {
    const piece = fc.string({ unit: fc.constantFrom("a", "b", "🐋"), maxLength: 4 });
    const stop = fc.string({ unit: fc.constantFrom("a", "b", "🐋"), minLength: 1, maxLength: 5 });
    let stops = 0;
    fc.assert(
      fc.property(fc.array(stop, { maxLength: 3 }), fc.array(piece, { maxLength: 8 }), (strings, pieces) => {
        const matcher = createStopMatcher(strings);
        let seen = "";
        let shown = "";
        for (const piece of pieces) {
          seen += piece;
          const { text, stopped } = matcher.push(piece);
          shown += text;
          const expected = whole(strings, seen);
          expect(stopped).toBe(expected.stopped);
          expect(text.isWellFormed()).toBe(true);
          if (stopped !== undefined) {
            expect(shown).toBe(expected.text);
            continue;
          }
          // Nothing is held back but the longest beginning of a stop string.
          const beginnings = strings.flatMap((one) => Array.from({ length: one.length }, (_, i) => one.slice(0, i)));
          const held = Math.max(0, ...beginnings.filter((one) => seen.endsWith(one)).map((one) => one.length));
          expect(shown).toBe(seen.slice(0, seen.length - held));
        }
        const end = whole(strings, seen);
        expect(shown + matcher.end()).toBe(end.text);
        if (end.stopped !== undefined) stops++;
      }),
      { numRuns: 3000 },
    );
    expect(stops).toBeGreaterThan(500);
  });
});
