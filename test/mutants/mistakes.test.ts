import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { mistakes } from "./mistakes/all.ts";
import { mutantOf } from "./mutant.ts";

test("each mistake written by hand finds the text that it changes, exactly once", () => {
  const stale = mistakes.flatMap((mistake) => {
    try {
      mutantOf(readFileSync(mistake.file, "utf8"), mistake);
      return [];
    } catch (error) {
      return [String(error)];
    }
  });
  expect(stale).toEqual([]);
  expect(mistakes.length).toBeGreaterThan(100);
});
