import { expect, test } from "vitest";
import { kernels } from "../../../../src/study/dispatches/attention.ts";
import { prepare } from "../../../../src/study/kernel.ts";
import { openStepper } from "../../../../src/wgsl/run/step/stepper.ts";
import type { Stepper } from "../../../../src/wgsl/run/step/types.ts";
import { bytesAfter, mixed, opened, type SmallKernel, seen, studied, watched } from "./small-kernels.ts";

/** Numbers from 0 to before a limit, in an order that is always the same. */
const inAnyOrder = (limit: number, count: number) =>
  Array.from({ length: count }, (_, i) => Math.floor((((i + 1) * 0.6180339887) % 1) * limit));

const bytesOf = (stepper: Stepper) => stepper.finish().map(({ bytes }) => bytes);

test("the buffers after all workgroups are those of a plain run, whichever workgroup is under the lens", () => {
  const expected = bytesAfter(mixed);
  for (const lens of [0, 1, 2]) {
    for (const strands of ["subgroup", "workgroup"] as const) {
      const stepper = opened(mixed, { lens: [lens, 0, 0], strands });
      expect(stepper.end()?.kind).toBe("ended");
      const found = stepper.finish();
      expect(found.map(({ memory }) => stepper.memories[memory]?.name)).toEqual(["y", "counts"]);
      expect(found.map(({ bytes }) => bytes)).toEqual(expected);
    }
  }
});

test("back at step n all is as it was at step n, for every n, and the run goes on from there to the same end", () => {
  const stepper = opened(mixed, { lens: [1, 0, 0] });
  const total = stepper.total() as number;
  const forwards = Array.from({ length: total + 1 }, (_, step) => {
    stepper.goTo(step);
    return seen(stepper);
  });
  expect(new Set(forwards).size).toBe(total + 1);
  for (let step = total; step >= 0; step--) {
    stepper.goTo(step);
    expect(seen(stepper)).toBe(forwards[step]);
  }
  for (const step of inAnyOrder(total + 1, 60)) {
    stepper.goTo(step);
    expect(seen(stepper)).toBe(forwards[step]);
    stepper.goTo(total);
    expect(seen(stepper)).toBe(forwards[total]);
  }
});

test("looking at accesses, writes and final buffers, and a search in vain, leave a step as it is", () => {
  const stepper = opened(mixed);
  for (const step of inAnyOrder(stepper.total() as number, 30)) {
    stepper.goTo(step);
    const before = seen(stepper);
    for (const strand of [0, 1]) stepper.accesses(strand);
    for (const [i] of stepper.memories.entries()) stepper.lastWrite(i, 0);
    stepper.finish();
    expect(stepper.go({ to: "nan", direction: "next" })).toBe("none");
    expect(stepper.go({ to: "nan", direction: "previous" })).toBe("none");
    expect(seen(stepper)).toBe(before);
  }
});

test("a run in slices is the run at once, and what has run can be visited meanwhile", () => {
  const whole = opened(mixed, { lens: [2, 0, 0] });
  const { code, bindings, workgroups } = mixed;
  const sliced = openStepper(code, { bindings: bindings(), workgroups, subgroupSize: 8, lens: [2, 0, 0] });
  expect(sliced.advance(10)).toBe(false);
  expect([sliced.reached(), sliced.total(), sliced.end()]).toEqual([0, undefined, undefined]);
  expect(() => sliced.goTo(1)).toThrow("step 1; 0 to 0 have run");
  while (!sliced.advance(7)) sliced.goTo(Math.floor(sliced.reached() / 2));
  expect(sliced.total()).toBe(whole.total());
  expect(sliced.marks()).toEqual(whole.marks());
  for (const stepper of [whole, sliced]) stepper.goTo(100);
  expect(seen(sliced)).toBe(seen(whole));
});

/** 4 lanes, some 5,000 steps, 16 kB of memory that changes all the time. */
const long: SmallKernel = {
  code: `
    @group(0) @binding(0) var<storage, read_write> y: array<u32>;
    @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) lane: u32) {
      for (var i = lane; i < 4000; i += 4) { y[i * 7 % 4096] += i * i; }
    }`,
  bindings: () => [{ binding: 0, data: new Uint32Array(4096) }],
  workgroups: [1],
};

test("with hardly room for snapshots each step is still as it was", () => {
  const content = (stepper: Stepper) => Object.values(stepper.memory(0)).join();
  const roomy = opened(long);
  const expected = inAnyOrder(roomy.total() as number, 6).map((step) => {
    roomy.goTo(step);
    return { step, content: content(roomy) };
  });
  expect(new Set(expected.map((one) => one.content)).size).toBe(6);
  for (const maxBytes of [1, 200_000]) {
    const stepper = opened(long, { maxBytes });
    const found = expected.map(({ step }) => {
      stepper.goTo(step);
      return { step, content: content(stepper) };
    });
    expect(found).toEqual(expected);
  }
});

test("half a word at the end of a buffer is part of a step", () => {
  const code = `enable f16;
    @group(0) @binding(0) var<storage, read_write> y: array<f16, 3>;
    @compute @workgroup_size(1) fn main() { y[2] = 1; y[2] = 2; y[2] = 3; }`;
  const stepper = opened({ code, bindings: () => [{ binding: 0, data: new Uint8Array(6) }], workgroups: [1] });
  for (const step of [3, 1, 2, 0]) {
    stepper.goTo(step);
    expect(watched(stepper, "y[2]")).toEqual([step]);
  }
});

test("a subgroup has threads that are no neighbours, where asked to", () => {
  const code = `enable subgroups;
    @group(0) @binding(0) var<storage, read_write> y: array<u32>;
    @compute @workgroup_size(16) fn main(@builtin(local_invocation_index) i: u32) { y[i] = subgroupMin(i); }`;
  const kernel = { code, bindings: () => [{ binding: 0, data: new Uint32Array(16) }], workgroups: [1] } as const;
  const [linear, permuted] = (["linear", "permuted"] as const).map((mapping) => opened(kernel, { mapping })) as [
    Stepper,
    Stepper,
  ];
  expect([...linear.threads]).toEqual(Array.from({ length: 16 }, (_, i) => i));
  expect(permuted.threads).not.toEqual(linear.threads);
  expect(permuted.threads.slice().sort()).toEqual(linear.threads);
  for (const stepper of [linear, permuted]) {
    stepper.goTo(1);
    const threads = [...stepper.threads];
    expect([0, 1].flatMap((strand) => watched(stepper, "i", strand))).toEqual([...threads, ...threads]);
    const found = new Uint32Array(stepper.finish()[0]?.bytes.slice().buffer ?? new ArrayBuffer(0));
    const smallest = (i: number) => Math.min(...(threads.indexOf(i) < 8 ? threads.slice(0, 8) : threads.slice(8)));
    expect([...found]).toEqual(Array.from({ length: 16 }, (_, i) => smallest(i)));
  }
});

const flash = kernels.find(({ source }) => source.name === "attention/flash");

test("flash attention is stepped to its second tile and back", () => {
  if (!flash) throw new Error("there is no attention/flash");
  const prepared = prepare(flash, flash.small);
  const kernel = studied(prepared);
  const lines = prepared.shader.code.split("\n");
  const lineOf = (text: string) => lines.findIndex((line) => line.includes(text)) + 1;
  const stepper = opened(kernel);
  expect(stepper.end()?.kind).toBe("ended");
  expect(bytesOf(stepper)).toEqual(bytesAfter(kernel));

  stepper.goTo(0);
  const line = lineOf("let visit = visit_of(");
  const tile = { to: "breakpoint", breakpoints: [{ line, strand: 0 }] } as const;
  expect(stepper.go({ direction: "next", ...tile })).toBe("found");
  const first = seen(stepper);
  expect(watched(stepper, "n")).toEqual([0, 0, 0, 0]);
  expect(watched(stepper, "largest[0] == LOWEST").every((one) => one === 1)).toBe(true);
  expect(stepper.go({ direction: "next", ...tile })).toBe("found");
  expect(stepper.where().strands[0]).toMatchObject({ status: "ready", turn: 2, activeLanes: 4, place: { line } });
  expect(watched(stepper, "n")).toEqual([1, 1, 1, 1]);
  expect(watched(stepper, "largest[0] > LOWEST").every((one) => one === 1)).toBe(true);
  const second = seen(stepper);

  // Every step back to the first tile, and again to the second one, by turns of the loop.
  const [from, to] = [stepper.step(), stepper.where().barriers];
  expect(to).toBeGreaterThan(4);
  while (stepper.where().barriers > 0) expect(stepper.go({ to: "barrier", direction: "previous" })).toBe("found");
  expect(stepper.go({ direction: "previous", ...tile })).toBe("found");
  expect(seen(stepper)).toBe(first);
  stepper.goTo(from);
  expect(seen(stepper)).toBe(second);
  expect(stepper.go({ to: "turn", direction: "previous", strand: 0 })).toBe("found");
  expect(stepper.go({ to: "turn", direction: "previous", strand: 0 })).toBe("found");
  expect(watched(stepper, "n")).toEqual([0, 0, 0, 0]);
});
