import { expect, test } from "vitest";
import { WgslError } from "../../../../src/wgsl/error.ts";
import { checkProgram } from "../../../../src/wgsl/run/check/program.ts";
import { allVerdicts } from "./texts.ts";

test("the checker takes and refuses the texts that it is known to, those that Dawn does but for known differences", () => {
  expect(allVerdicts.length).toBeGreaterThan(1600);
  const wrong = allVerdicts.flatMap(({ text, code, checker }) => {
    try {
      checkProgram(code);
      return checker ? [] : [`takes ${text}`];
    } catch (error) {
      if (!(error instanceof WgslError)) return [`${String(error)}: ${text}`];
      return checker ? [`refuses ${text}: ${error.message}`] : [];
    }
  });
  expect(wrong).toEqual([]);
});
