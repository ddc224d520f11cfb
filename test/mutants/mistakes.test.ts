import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { mistakes } from "./mistakes/all.ts";
import { mutantOf, squeeze } from "./mutant.ts";
import { survivors } from "./survivors.ts";

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

test("the tests that a mistake names are there", () => {
  const named = mistakes.flatMap(({ tests = [] }) => tests);
  expect(named.filter((name) => !existsSync(`test/${name}.test.ts`))).toEqual([]);
  expect(named.length).toBeGreaterThan(20);
});

test("each reason for a mistake that no test notices is about text that there is", () => {
  const stale = Object.keys(survivors).filter((id) => {
    const [, file = "", line = ""] = /^(\S+): (.*?)(?: \(\d+\))? → /s.exec(id) ?? [];
    return !existsSync(file) || !squeeze(readFileSync(file, "utf8")).includes(line);
  });
  expect(stale).toEqual([]);
});
