import { describe, expect, onTestFinished, test, vi } from "vitest";
import { kernelFiles, shaderOf } from "../../support/shaders.ts";
import { barriersOf } from "./barriers.ts";
import { hasFault, places, runWorkgroup } from "./detector.ts";
import type { Dispatch } from "./dispatch.ts";
import { dispatches } from "./dispatches.ts";
import { silentBarriers } from "./silent-barriers.ts";

const shaderFor = (kernel: string, constants: Readonly<Record<string, number>> = {}) => shaderOf(kernel, { constants });

test("every kernel has a dispatch", () => {
  expect(Object.keys(dispatches).sort()).toEqual([...kernelFiles.keys()].sort());
});

test("the detector sees threads apart: no function's result reaches another thread, no barrier is overlooked", () => {
  const code = (barrier: string) => `
    @group(0) @binding(0) var<storage, read_write> y: array<u32>;
    var<workgroup> shared_words: array<u32, 4>;
    fn twice(x: u32) -> u32 { return x + x; }
    @compute @workgroup_size(4)
    fn main(@builtin(local_invocation_index) thread: u32) {
      var sum = 0u;
      for (var i = 0u; i < 2; i++) {
        ${barrier}
        shared_words[thread] = twice(thread);
        workgroupBarrier();
        sum += shared_words[3 - thread];
      }
      y[thread] = sum;
    }`;
  const dispatch = { uniforms: {}, inputs: {}, outputs: { y: 4 }, workgroups: [1, 1, 1] } as const;
  const base = shaderFor("elementwise/fill");
  const [binding] = base.declarations.bindings;
  if (binding === undefined) throw new Error("elementwise/fill has no bindings");
  const declarations = { ...base.declarations, bindings: [binding], constants: new Map() };
  const run = (barrier: string) => runWorkgroup({ ...base, code: code(barrier), declarations }, dispatch, [0, 0, 0]);
  const { faults, buffers } = run("workgroupBarrier();");
  expect(faults).toEqual([]);
  expect([...new Uint32Array(buffers.get("y")?.buffer ?? new ArrayBuffer(0))]).toEqual([12, 8, 4, 0]);
  expect(run("").faults.length).toBeGreaterThan(0);
});

describe("no two threads of a workgroup race, and no two workgroups write one element", () => {
  test.each(Object.entries(dispatches))("%s", (kernel, dispatch) => {
    const complaints = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => complaints.mockRestore());
    const shader = shaderFor(kernel, dispatch.constants);
    const writers = new Map<string, number[]>();
    const finished = places(dispatch.workgroups).map((place) => {
      const run = runWorkgroup(shader, dispatch, place);
      expect(run.faults, `workgroup ${place}`).toEqual([]);
      for (const element of run.written) {
        expect(writers.get(element), `workgroup ${place} writes ${element}, as does`).toBeUndefined();
        writers.set(element, place);
      }
      return run.written.size;
    });
    expect(finished.filter((count) => count > 0).length, "workgroups that write").toBeGreaterThan(
      dispatch.alone ? 0 : 1,
    );
    const elements = Object.entries(dispatch.outputs).flatMap(([name, size]) =>
      Array.from({ length: size }, (_, i) => `${name}[${i}]`),
    );
    expect(
      elements.filter((element) => !writers.has(element)),
      "elements that are never written",
    ).toEqual([]);
    // The interpreter goes on after what it does not understand.
    expect(complaints.mock.calls.map(([first]) => String(first))).toEqual([]);
  });
});

describe("a barrier that is missing", () => {
  // A part's barriers are those of the kernels that have it, the one with the fewest threads first.
  const threads = (kernel: string, { constants, workgroups }: Dispatch) =>
    [...shaderFor(kernel, constants).declarations.workgroupSize, ...workgroups].reduce((all, size) => all * size, 1);
  const found = new Map<string, [kernel: string, dispatch: Dispatch, without: string][]>();
  const byThreads = Object.entries(dispatches).sort((a, b) => threads(...a) - threads(...b));
  for (const [kernel, dispatch] of byThreads) {
    for (const { name, without } of barriersOf(shaderFor(kernel, dispatch.constants))) {
      found.set(name, [...(found.get(name) ?? []), [kernel, dispatch, without]]);
    }
  }

  test("there are some, and all that are listed", () => {
    expect(found.size).toBeGreaterThan(60);
    expect(Object.keys(silentBarriers).filter((name) => !found.has(name))).toEqual([]);
  });

  test.each([...found])("shows, but for those listed: %s", (name, kernels) => {
    const shows = ([kernel, dispatch, without]: (typeof kernels)[0]) =>
      places(dispatch.workgroups).some((place) =>
        hasFault(shaderFor(kernel, dispatch.constants), dispatch, place, without),
      );
    expect(kernels.some(shows)).toBe(!(name in silentBarriers));
  });
});
