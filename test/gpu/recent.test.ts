import { expect, test } from "vitest";
import { Recent } from "../../src/gpu/shader/recent.ts";

test("keeps the entries that were used last", () => {
  const recent = new Recent<string, number>(2);
  recent.set("a", 1);
  recent.set("b", 2);
  expect(recent.get("a")).toBe(1);
  recent.set("c", 3);
  expect(["a", "b", "c"].map((key) => recent.get(key))).toEqual([1, undefined, 3]);
  recent.set("c", 4);
  expect([recent.get("c"), recent.size]).toEqual([4, 2]);
});

test("does not grow, however many are set", () => {
  const recent = new Recent<number, string>(10);
  for (let i = 0; i < 1000; i++) recent.set(i, `text ${i}`);
  expect(recent.size).toBe(10);
  expect(recent.get(990)).toBe("text 990");
  expect(recent.get(989)).toBeUndefined();
});
