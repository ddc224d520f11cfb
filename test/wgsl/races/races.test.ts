import { describe, expect, test } from "vitest";
import type { Dispatch } from "../../../src/study/dispatch.ts";
import { type Prepared, prepare, type StudyKernel } from "../../../src/study/kernel.ts";
import { studyKernels } from "../../../src/study/kernels.ts";
import { moduleOf } from "../../support/shaders.ts";
import { halfParts } from "../half-parts.ts";
import { barriersOf } from "./barriers.ts";
import { silentBarriers } from "./silent-barriers.ts";
import { unwritten, watched } from "./watched.ts";

const kernels = await studyKernels();
const small = new Map([...kernels].map(([name, kernel]) => [name, prepare(kernel, kernel.small)]));

const inHalves = halfParts.map(([name, part]): [string, Prepared] => {
  const kernel = kernels.get(name) as StudyKernel;
  return [`${name} with ${part}`, prepare(kernel, { ...kernel.small, parts: [moduleOf(part)] })];
});

describe("no threads race, none leaves a buffer, all meet at barriers, and all outputs are written with numbers", () => {
  test.each([...small, ...inHalves])("%s", (_, { shader, dispatch }) => {
    const { faults, outputs, withNaN } = watched(shader.code, dispatch);
    expect(faults).toEqual([]);
    expect(withNaN, "outputs that hold NaN").toEqual([]);
    for (const name of Object.keys(dispatch.outputs)) {
      const left = [...(outputs.get(name) ?? [])].flatMap((word, i) => (word === unwritten ? [`${name}[${i}]`] : []));
      expect(left, "words that are never written").toEqual([]);
    }
    if (!dispatch.alone) expect(Math.max(...dispatch.workgroups), "workgroups along an axis").toBeGreaterThan(1);
  });
});

describe("a barrier that is missing", () => {
  // A part's barriers are those of the kernels that have it, the one with the fewest threads first.
  const threads = ({ shader, dispatch }: Prepared) =>
    [...shader.declarations.workgroupSize, ...dispatch.workgroups].reduce((all, size) => all * size, 1);
  const found = new Map<string, { readonly whole: Prepared; readonly without: string }[]>();
  for (const whole of [...small.values()].sort((a, b) => threads(a) - threads(b))) {
    for (const { name, without } of barriersOf(whole.shader)) {
      found.set(name, [...(found.get(name) ?? []), { whole, without }]);
    }
  }

  test("there are some, and all that are listed", () => {
    expect(found.size).toBeGreaterThan(60);
    expect(Object.keys(silentBarriers).filter((name) => !found.has(name))).toEqual([]);
  });

  /** Bits that differ from those of the whole kernel in one of twenty orders. */
  const differs = (whole: string, without: string, dispatch: Dispatch): boolean => {
    const { outputs } = watched(whole, dispatch);
    return Array.from({ length: 20 }, (_, seed) => watched(without, dispatch, seed)).some((other) =>
      [...outputs].some(([name, words]) => words.some((word, i) => word !== other.outputs.get(name)?.[i])),
    );
  };

  test.each([...found])("shows, but for those listed: %s", (name, all) => {
    const shows = ({ whole: { shader, dispatch }, without }: (typeof all)[0]) => {
      const { faults, notes } = watched(without, dispatch);
      if (faults.length > 0 || notes.length > watched(shader.code, dispatch).notes.length) return true;
      return differs(shader.code, without, dispatch);
    };
    expect(all.some(shows)).toBe(!(name in silentBarriers));
  });
});
