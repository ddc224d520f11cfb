import { expect, test } from "vitest";
import { maskTwin, parseExpression, scoreTwin } from "../../site/attention/own/twin.ts";

test("computes as the language it looks like", () => {
  const of = (text: string, values = {}) => parseExpression(text, Object.keys(values))(values);
  expect(of("1 + 2 * 3 - -4")).toBe(11);
  expect(of("7 % 4 == 3 && !(2 > 3)")).toBe(true);
  expect(of("x > 2 ? max(x, 10) : abs(-x)", { x: 3 })).toBe(10);
  expect(maskTwin("q >= k && q - k < 3")(0, 0, 5, 3)).toBe(true);
  expect(maskTwin("q >= k && q - k < 3")(0, 0, 5, 2)).toBe(false);
  expect(scoreTwin("score - 0.5 * h")(2, 0, 3, 0, 0)).toBe(0.5);
});

test.each([
  ["", "the expression is empty"],
  ["q.constructor", "expected one expression"],
  ["constructor", "there is no constructor"],
  ["constructor(1)", "there is no function constructor"],
  ["toString()", "there is no function toString"],
  ["this", "expected one expression"],
  ["q = 3", 'Unexpected "="'],
  ["[q]", "expected one expression"],
  ["'a'", '"a" is no number'],
  ["q; k", "expected one expression"],
  ["q ~ k", "expected one expression"],
  ["(", "Unclosed"],
])("refuses %s", (text, message) => {
  expect(() => maskTwin(text)).toThrow(message);
});

test("refuses what is longer than a line or two", () => {
  expect(() => maskTwin(`q${" + q".repeat(500)}`)).toThrow("the expression has 2001 characters, at most 1000");
});
