import { expect, test } from "vitest";
import {
  between,
  checkOptions,
  either,
  fieldsOf,
  finite,
  integer,
  kinds,
  listOf,
  object,
  oneOf,
  positive,
  required,
} from "../../src/options/checks.ts";
import { OptionError, ShapeError } from "../../src/options/errors.ts";

const fields = fieldsOf({
  size: required(integer(1, 8)),
  scale: finite,
  factor: positive,
  share: between(0, 1),
  maxTokens: integer(0),
  mode: oneOf("plain", "fast"),
  seeds: either(integer(0), listOf(integer(0))),
  rule: object({ keep: required(integer(1)) }),
  layout: kinds({ ring: { sinks: integer(0) } }, "plain"),
});
const refusal = (given: unknown) => {
  try {
    checkOptions("op", fields, given);
  } catch (error) {
    if (error instanceof OptionError && error instanceof ShapeError) return error.message;
    throw error;
  }
  return "";
};

test.each<[given: unknown, message: string]>([
  [{ size: 1 }, ""],
  [
    {
      size: 8,
      scale: -0,
      factor: 1e-45,
      share: 1,
      maxTokens: 2 ** 53 - 1,
      mode: "fast",
      seeds: [0],
      rule: { keep: 1 },
    },
    "",
  ],
  [{ size: 1, scale: undefined, layout: "plain", seeds: 3 }, ""],
  [{ size: 1, layout: { kind: "ring", sinks: 2 } }, ""],
  [
    undefined,
    "op: its argument is undefined, expected an object with size, scale, factor, share, maxTokens, mode, seeds, rule, layout",
  ],
  [{}, "op: size is missing, expected an integer from 1 to 8"],
  [{ size: 1, scalee: 2 }, "op: there is no option scalee; did you mean scale?"],
  [{ size: 1, max_tokens: 2 }, "op: there is no option max_tokens; did you mean maxTokens?"],
  [
    { size: 1, constructor: 2 },
    "op: there is no option constructor; there are size, scale, factor, share, maxTokens, mode, seeds, rule, layout",
  ],
  [
    JSON.parse('{"size":1,"__proto__":2}'),
    "op: there is no option __proto__; there are size, scale, factor, share, maxTokens, mode, seeds, rule, layout",
  ],
  [{ size: null }, "op: size is null, expected an integer from 1 to 8"],
  [{ size: 1, scale: 3.5e38 }, "op: scale is 3.5e+38, expected a number that is finite in f32"],
  [{ size: 1, factor: 1e-46 }, "op: factor is 1e-46, expected more than 0, and finite in f32"],
  [{ size: 1, share: Number.NaN }, "op: share is NaN, expected a number from 0 to 1"],
  [{ size: 1, mode: "Fast" }, 'op: mode is "Fast", expected "plain" or "fast"'],
  [
    { size: 1, seeds: [1, 0.5] },
    "op: seeds is [1, 0.5], expected an integer of 0 or more, or a list, each an integer of 0 or more",
  ],
  [{ size: 1, rule: {} }, "op: rule.keep is missing, expected an integer of 1 or more"],
  [{ size: 1, rule: { kepe: 1 } }, "op: there is no option rule.kepe; did you mean keep?"],
  [{ size: 1, rule: [] }, "op: rule is [], expected an object with keep"],
  [{ size: 1, layout: { kind: "Ring" } }, 'op: layout.kind is "Ring", expected "ring"'],
  [{ size: 1, layout: { kid: "ring" } }, "op: there is no option layout.kid; did you mean kind?"],
  [{ size: 1, layout: "ring" }, 'op: layout is "ring", expected "plain" or an object with kind "ring"'],
])("%o: %s", (given, message) => {
  expect(refusal(given)).toBe(message);
});

test("options that are inherited count, too", () => {
  expect(refusal(Object.create({ size: 1, sclae: 1 }))).toBe("op: there is no option sclae; did you mean scale?");
});
