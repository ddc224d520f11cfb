import { describe, expect, test } from "vitest";
import { checkProgram } from "../../../../src/wgsl/run/check/program.ts";
import { uniformityOf } from "../../../../src/wgsl/run/check/uniformity.ts";
import { quickGpu } from "../../../support/devices/gpu.ts";
import { first, firstIf } from "../../../support/first-tier.ts";
import { everyShader } from "../../../support/shaders.ts";
import { lackOf } from "../gpu-devices.ts";
import { refusalOf } from "../run-on-gpu.ts";
import { allVerdicts } from "./texts.ts";

const gpu = await quickGpu();

const featuresOf = (code: string) =>
  [...code.matchAll(/enable (\w+)/g)].map(([, name = ""]) => (name === "f16" ? "shader-f16" : name));

/** Whether the device could take the text, if it is right. */
const mayTake = (code: string) =>
  lackOf(
    gpu,
    featuresOf(code).filter((name) => name === "shader-f16" || name === "subgroups"),
  ) === undefined;

test("Dawn takes and refuses the texts that it is known to", first, async () => {
  const wrong: string[] = [];
  for (const { text, code, dawn } of allVerdicts) {
    if (!mayTake(code)) continue;
    const refusal = await refusalOf(gpu.device, code);
    if ((refusal === undefined) !== dawn) wrong.push(refusal ? `refuses ${text}: ${refusal}` : `takes ${text}`);
  }
  expect(wrong).toEqual([]);
});

/** What the checker says against a text, or the analysis of uniformity; undefined if they take it. */
function complaint(code: string): string | undefined {
  try {
    const program = checkProgram(code);
    const hints = [...program.entryPoints.values()].flatMap((entry) => uniformityOf(program, entry));
    return hints[0]?.message;
  } catch (error) {
    return String(error);
  }
}

/** `npm test` checks one share of all shaders, `npm run test:full` all of them. */
const shares = 8;

describe("the checker and Dawn take the same kernels with the same parts", () => {
  const shaders = everyShader();

  for (let share = 0; share < shares; share++) {
    test(`share ${share + 1} of ${shares}`, firstIf(share === 0), async () => {
      const own = shaders.filter(({ code }, i) => i % shares === share && mayTake(code));
      expect(own.length).toBeGreaterThan(100);
      const wrong: string[] = [];
      for (const { name, code, parts } of own) {
        const [ours, dawns] = [complaint(code), await refusalOf(gpu.device, code)];
        if (!ours !== !dawns) wrong.push(`${name} with ${parts.join(", ")}: ${ours ?? dawns}`);
      }
      expect(wrong).toEqual([]);
    });
  }
});
