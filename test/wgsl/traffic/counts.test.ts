// The figures of cost of every kernel against what an interpreter counts in small dispatches of it.
import { afterAll, describe, expect, test } from "vitest";
import type { Dispatch } from "../../../src/gpu/program/dispatch.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { kernelFiles } from "../../support/shaders.ts";
import { type CountedCall, inputsOn } from "./call.ts";
import { calls } from "./calls.ts";
import { figures } from "./figures.ts";
import { type Counted, interpret } from "./interpret.ts";

const gpu = await testGpu({ features: ["subgroups"] });
const hasSubgroups = gpu.adapter.subgroupSize !== undefined;
const all = Object.entries(calls(inputsOn(gpu)));
const seen = new Set<string>();
/** Kernels of ops: of rungs that only teach, test/wgsl/study compares the formulas. */
const kernels = [...kernelFiles.keys()].filter((kernel) => !kernel.startsWith("ladders/"));
let counted = 0;

/** What the cost says and what was counted, of the figures that are compared. */
function compared({ dispatch: { kernel, cost }, traffic }: Counted, every = false) {
  const { operations, bytes } = figures[kernel] ?? { operations: { not: "there is no row of it" } };
  const executed = cost.executedFlops ?? cost.flops;
  return {
    bytes: bytes ? undefined : ([cost.requestedBytes ?? Number.NaN, traffic.requestedBytes] as const),
    operations:
      operations === "all" || every
        ? ([executed, traffic.operations] as const)
        : operations === "products"
          ? ([executed, 2 * traffic.multiplyAdds] as const)
          : undefined,
  };
}

/** Whether there is a figure of a dispatch to compare. */
function isCompared({ kernel }: Dispatch) {
  const { operations, bytes } = figures[kernel] ?? {};
  return !bytes || typeof operations === "string";
}

/** What the dispatches of a call count. */
async function countsOf(record: CountedCall["record"]) {
  const { counted, dispatches } = await interpret(gpu, record, isCompared);
  expect(dispatches.length).toBeGreaterThan(0);
  for (const { kernel } of dispatches) seen.add(kernel);
  return counted;
}

test("every kernel has a row of figures, and every reason says something", () => {
  expect(Object.keys(figures).sort()).toEqual([...kernels].sort());
});

describe("figures of cost are those that the interpreter counts", () => {
  test.skipIf(!hasSubgroups).each(all)("%s", async (_, { record, grown, all: every, only = "" }) => {
    const own = ({ dispatch }: Counted) => dispatch.kernel.startsWith(only);
    const some = (await countsOf(record)).filter(own);
    counted++;
    if (!grown) {
      for (const one of some) {
        const { bytes, operations } = compared(one);
        if (bytes) expect(bytes[1], `${one.dispatch.kernel}: bytes requested`).toBe(bytes[0]);
        if (operations) expect(operations[1], `${one.dispatch.kernel}: operations executed`).toBe(operations[0]);
      }
      return;
    }
    // What is done once for a row or a thread is no part of the figures: compared is what more elements add.
    const more = (await countsOf(grown)).filter(own);
    expect(more.map(({ dispatch }) => dispatch.kernel)).toEqual(some.map(({ dispatch }) => dispatch.kernel));
    for (const [i, one] of some.entries()) {
      const [before, after] = [compared(one, every), compared(more[i] as Counted, every)];
      for (const name of ["bytes", "operations"] as const) {
        const [less, greater] = [before[name], after[name]];
        if (!less || !greater) continue;
        expect(greater[1] - less[1], `${one.dispatch.kernel}: ${name} that are added`).toBe(greater[0] - less[0]);
      }
    }
  });
});

afterAll(() => {
  if (counted < all.length) return; // only some were to run
  expect(
    kernels.filter((kernel) => !seen.has(kernel)),
    "kernels that no call reaches",
  ).toEqual([]);
});
