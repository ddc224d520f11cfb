import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/formats/format-error.ts";
import { parseJson, parseStrictJson, type StrictJson } from "../../src/formats/json/strict-json.ts";

/** The value as `JSON.parse` would give it. */
function plain(value: StrictJson): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === "bigint" ? Number(value) : value;
}

function accepts(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}

describe("parseStrictJson", () => {
  test("agrees with JSON.parse on every JSON value", () => {
    fc.assert(
      fc.property(fc.json({ depthSize: "medium" }), fc.constantFrom(undefined, 1, "\t"), (json, indent) => {
        const text = JSON.stringify(JSON.parse(json), null, indent);
        expect(JSON.stringify(plain(parseStrictJson("a.json", text)))).toBe(JSON.stringify(JSON.parse(text)));
      }),
      { numRuns: 500 },
    );
  });

  test("accepts no text that JSON.parse refuses, and refuses such text with a FormatError", () => {
    const soup = fc.array(fc.constantFrom(...'{}[]:,"\\u0e+-.1 \n\t', "true", "null", '"a"', "\ud800", "\u0001", "-0"));
    fc.assert(
      fc.property(soup, (parts) => {
        const text = parts.join("");
        try {
          parseStrictJson("a.json", text);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
          return;
        }
        expect(accepts(() => JSON.parse(text))).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    ["", "line 1, column 1: expected a value, found the end"],
    ['{"a": }', 'line 1, column 7: expected a value, found "}"'],
    ['{\n  "a": 1\n  "b": 2\n}', 'line 3, column 3: expected "," or "}", found "\\""'],
    ['{"a" 1}', 'line 1, column 6: expected ":", found "1"'],
    ["{a: 1}", 'line 1, column 2: expected a key in double quotes, found "a"'],
    ["[1,]", 'line 1, column 4: expected a value, found "]"'],
    ["[1", 'line 1, column 3: expected "," or "]", found the end'],
    ["[1] x", 'line 1, column 5: expected the end, found "x"'],
    ["[01]", 'line 1, column 3: expected "," or "]", found "1"'],
    ['"abc', "line 1, column 1: a string without its closing quote"],
    ['"abc\\', "line 1, column 1: a string without its closing quote"],
    ['"a\\x"', "line 1, column 1: a string with an escape that JSON does not have"],
    ['"a\nb"', 'line 1, column 3: expected an escape in place of a control character, found "\\n"'],
    ['"\\ud800"', "line 1, column 1: a string with half of a surrogate pair"],
    ["NaN", 'line 1, column 1: expected a value, found "N"'],
    ['{"a":1,"a":2}', 'line 1, column 8: the key "a" occurs twice'],
    ['{"a":1,"\\u0061":2}', 'line 1, column 8: the key "a" occurs twice'],
    ["[".repeat(200), "line 1, column 102: more than 100 levels of nesting"],
  ])("%j is refused at its position", (text, problem) => {
    expect(() => parseStrictJson("a.json", text, "header")).toThrow(
      new FormatError("a.json", `is not valid JSON at ${problem}`, { field: "header" }),
    );
  });

  test("integers written plainly are exact and distinct from other numbers", () => {
    const values = parseStrictJson("a.json", "[0, -0, 1.0, 1e3, 9007199254740993, -7, 100000000000000000000]");
    expect(values).toEqual([0n, -0, 1, 1000, 9007199254740993n, -7n, 1e20]);
  });

  test("a key called __proto__ is a key", () => {
    const value = parseStrictJson("a.json", '{"__proto__": {"a": 1}}');
    expect(value).toEqual(new Map([["__proto__", new Map([["a", 1n]])]]));
  });

  test("parseJson gives what JSON.parse gives, or refuses what parseStrictJson refuses", () => {
    fc.assert(
      fc.property(fc.json({ depthSize: "medium" }), (json) => {
        expect(parseJson("a.json", json)).toEqual(JSON.parse(json));
      }),
      { numRuns: 500 },
    );
    const value = parseJson("a.json", '{"__proto__": {"a": 1}, "b": [-7, 1e3, 123456789012345678]}') as object;
    expect(Object.keys(value)).toEqual(["__proto__", "b"]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    for (const text of ['{"a":1,"a":2}', "[".repeat(200), '"\\ud800"']) {
      expect(() => parseJson("a.json", text)).toThrow(/^a.json: is not valid JSON at line 1, column \d+: /);
    }
  });

  test("long strings and many items are no recursion", () => {
    const text = JSON.stringify(["x".repeat(1_000_000), ...Array.from({ length: 100_000 }, (_, i) => i)]);
    expect(parseStrictJson("a.json", text)).toHaveLength(100_001);
  });
});
