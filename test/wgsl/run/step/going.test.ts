// Going to statements, turns, barriers, faults and breakpoints, and how runs end.
import { expect, test } from "vitest";
import { openStepper } from "../../../../src/wgsl/run/step/stepper.ts";
import type { Breakpoint, LineBreakpoint, Query, Stepper, Where } from "../../../../src/wgsl/run/step/types.ts";
import { mixed, opened, type SmallKernel, seen, watched } from "./small-kernels.ts";

const lineOf = (text: string) => mixed.code.split("\n").findIndex((line) => line.includes(text)) + 1;

const places = (stepper: Stepper, strand: number) => {
  const { place, calls } = stepper.where().strands[strand] ?? { place: { line: 0 }, calls: [] };
  return `${place.line} ${calls.map(({ name }) => name).join("<")}`;
};

/** Where a strand stands after each of a query's answers, from the current step on. */
function tour(stepper: Stepper, query: Query & { readonly strand: number }, most = 1000): string[] {
  const found: string[] = [];
  while (found.length < most && stepper.go(query) === "found") found.push(places(stepper, query.strand));
  return found;
}

const bodyOf = (body: string, workgroups: SmallKernel["workgroups"] = [1]): SmallKernel => ({
  code: `var<workgroup> shared_one: u32;
    @compute @workgroup_size(16) fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u) {
      ${body}
    }`,
  bindings: () => [],
  workgroups,
});

test("stepping into, over and out of functions, forwards and the same way back", () => {
  const stepper = opened(mixed);
  const statement = (how: "into" | "over" | "out", direction: "next" | "previous" = "next") =>
    ({ to: "statement", how, direction, strand: 0 }) as const;
  const call = lineOf("add(&sum,");
  expect(stepper.go({ to: "breakpoint", direction: "next", breakpoints: [{ line: call }] })).toBe("found");
  const start = stepper.step();
  expect(tour(stepper, statement("into"), 5)).toEqual([
    "11 scaled<main",
    "12 scaled<main",
    "13 scaled<main",
    "15 scaled<main",
    "19 add<main",
  ]);
  const inside = stepper.step();
  expect(stepper.go(statement("out"))).toBe("found");
  expect(places(stepper, 0)).toBe("25 main");
  expect(stepper.go(statement("over", "previous"))).toBe("found");
  expect(stepper.step()).toBe(start);
  expect(stepper.go(statement("over"))).toBe("found");
  expect(places(stepper, 0)).toBe("25 main");
  stepper.goTo(inside);
  expect(tour(stepper, statement("into", "previous"), 5)).toEqual([
    "15 scaled<main",
    "13 scaled<main",
    "12 scaled<main",
    "11 scaled<main",
    `${call} main`,
  ]);
  stepper.goTo(inside);
  expect(stepper.go(statement("out", "previous"))).toBe("found");
  expect([stepper.step(), places(stepper, 0)]).toEqual([start, `${call} main`]);

  stepper.goTo(0);
  const forwards = tour(stepper, statement("into"));
  // The last one is the end of the strand.
  expect(stepper.where().strands[0]?.status).toBe("ended");
  expect(stepper.go(statement("into"))).toBe("none");
  const backwards = tour(stepper, statement("into", "previous"));
  expect(backwards.reverse().slice(1)).toEqual(forwards.slice(0, -1));
  expect(stepper.step()).toBe(0);
});

test("a strand's statements after a barrier come after all strands have reached it", () => {
  const stepper = opened(mixed);
  stepper.go({ to: "breakpoint", direction: "next", breakpoints: [{ line: lineOf("workgroupBarrier") }] });
  expect(stepper.where()).toMatchObject({ next: 0, barriers: 0 });
  stepper.go({ to: "barrier", direction: "next" });
  expect(stepper.where()).toMatchObject({ next: undefined, barriers: 0 });
  expect(stepper.where().strands.map(({ status, place }) => [status, place.line])).toEqual([
    ["barrier", 32],
    ["barrier", 32],
  ]);
  expect([...stepper.lanes().status]).toEqual(new Array(16).fill(2));
  stepper.go({ to: "statement", how: "over", direction: "next", strand: 0 });
  expect(stepper.where()).toMatchObject({ next: 0, barriers: 1 });
  expect(stepper.where().strands.map(({ place }) => place.line)).toEqual([33, 33]);
  const barriers = [stepper.marks().barriers.map(({ line }) => line), lineOf("workgroupUniformLoad")];
  expect(barriers).toEqual([[32, 36], 36]);
  // Which strand takes which steps; a step that leaves a barrier belongs to all.
  const { stretches } = stepper.marks();
  const parts = Array.from({ length: stretches.length / 3 }, (_, i) => [...stretches.subarray(3 * i, 3 * i + 3)]);
  expect(parts.map(([strand]) => strand)).toEqual([0, 1, 0, 1, 0, 1]);
  const left = stepper.marks().barriers.map(({ step }) => step);
  const [first, second, third] = [parts[0]?.[1], parts[2]?.[1], parts[4]?.[1]];
  expect([first, second, third]).toEqual([0, ...left.map((step) => step + 1)]);
  expect(parts.at(-1)?.[2]).toBe(stepper.total());
});

test("turns are those of the innermost loop, also from inside of a function that it calls", () => {
  const stepper = opened(mixed);
  const turn = (direction: "next" | "previous") => stepper.go({ to: "turn", direction, strand: 0 });
  expect(turn("next")).toBe("none");
  stepper.go({ to: "breakpoint", direction: "next", breakpoints: [{ line: 19 }] });
  expect(places(stepper, 0)).toBe("19 add<main");
  expect([turn("next"), places(stepper, 0), watched(stepper, "i")[4]]).toEqual(["found", "25 main", 1]);
  expect(stepper.where().strands[0]?.turn).toBe(2);
  expect([turn("next"), watched(stepper, "i")[4]]).toEqual(["found", 2]);
  expect([turn("previous"), watched(stepper, "i")[4], turn("previous"), watched(stepper, "i")[4]]).toEqual([
    "found",
    1,
    "found",
    0,
  ]);
  expect(turn("previous")).toBe("none");
});

test("turns are counted from where a loop is entered, and a line that is a whole loop stops each turn", () => {
  const body = `
      var sum = 0u;
      for (var i = 0; i < 2; i++) {
        for (var k = 0; k < 3; k++) {
          sum++; sum += 2;
        }
      }
      loop { sum++; if (sum > 30) { break; } }`;
  const stepper = opened(bodyOf(body));
  const stops = (line: number) => {
    const found: (number | undefined)[] = [];
    const breakpoints = [{ line, strand: 0 }];
    stepper.goTo(0);
    while (stepper.go({ to: "breakpoint", direction: "next", breakpoints }) === "found") {
      found.push(stepper.where().strands[0]?.turn);
    }
    return found;
  };
  expect(stops(7)).toEqual([1, 2, 3, 1, 2, 3]);
  // Before the loop, then at the end of each turn but the last, which breaks.
  expect(stops(10)).toEqual(Array.from({ length: 13 }, (_, i) => i + 1));
});

test("breakpoints with conditions stop where stepping through everything would", () => {
  const stepper = opened(mixed, { lens: [1, 0, 0] });
  const all: LineBreakpoint[] = [
    { line: 26, condition: "i > 1 && sum > 1" },
    { line: 26, condition: "lane != 12", lanes: "all", strand: 1 },
    { line: 26, condition: "lane != 12", strand: 1 },
    { line: 15, condition: "value > 1.5" },
    { line: 51 },
  ];
  const expected = all.map((): number[] => []);
  let before: Where | undefined;
  for (let step = 0; step < (stepper.total() as number); step++) {
    stepper.goTo(step);
    const now: Where = stepper.where();
    const { next } = now;
    const isActive = [...stepper.lanes().status].map((status) => status === 0);
    // None of these statements calls a function, so where the strand stood one step before says whether it arrives.
    const isNew = before?.next !== next || before?.strands[next ?? 0]?.place.at !== now.strands[next ?? 0]?.place.at;
    before = now;
    for (const [i, { line, condition, lanes = "any", strand = next }] of all.entries()) {
      if (next === undefined || strand !== next || !isNew || now.strands[next]?.place.line !== line) continue;
      const { first, end } = stepper.strands[next] ?? { first: 0, end: 0 };
      const values = condition ? watched(stepper, condition, next) : isActive.map(Number);
      const own = values.filter((_, lane) => isActive[lane] && lane >= first && lane < end);
      if (lanes === "any" ? own.includes(1) : !own.includes(0)) (expected[i] as number[]).push(step);
    }
  }
  const stops = (breakpoints: readonly Breakpoint[], direction: "next" | "previous") => {
    const found: number[] = [];
    while (stepper.go({ to: "breakpoint", direction, breakpoints }) === "found") found.push(stepper.step());
    return found;
  };
  expect(expected[1]).not.toEqual(expected[2]);
  for (const [i, one] of all.entries()) {
    expect(expected[i]?.length).toBeGreaterThan(0);
    stepper.goTo(0);
    expect(stops([one], "next")).toEqual(expected[i]);
    stepper.goTo(stepper.total() as number);
    expect(stops([one], "previous")).toEqual(expected[i]?.toReversed());
  }
  stepper.goTo(0);
  expect(stops(all, "next")).toEqual([...new Set(expected.flat())].sort((a, b) => a - b));
});

test("a search goes on where its budget ended, and a condition that is wrong is an error", () => {
  const stepper = opened(mixed);
  const query = { to: "breakpoint", direction: "next", breakpoints: [{ line: 55, condition: "lane == 8" }] } as const;
  let calls = 1;
  while (stepper.go(query, 50) === "more") {
    expect(stepper.step()).toBe(50 * calls);
    calls++;
  }
  expect(calls).toBeGreaterThan(4);
  expect(places(stepper, 1)).toBe("55 main");
  const wrong = (condition: string): Query => ({
    to: "breakpoint",
    direction: "previous",
    breakpoints: [{ line: 33, condition }],
  });
  expect(() => stepper.go(wrong("lane"))).toThrow("lane is a u32; a condition is a bool");
  expect(() => stepper.go(wrong("lane = 1"))).toThrow("lane = 1: = stands where the end of the expression is expected");
});

/** One lane of eight reads and writes beyond a buffer, another one makes a NaN of numbers, and the last line races. */
const faulty: SmallKernel = {
  code: `@group(0) @binding(0) var<storage, read_write> y: array<f32>;
    @compute @workgroup_size(8) fn main(@builtin(local_invocation_index) lane: u32) {
      var sum = f32(lane);
      sum += y[lane + 1];
      let root = sqrt(sum - 1);
      let again = root + 1;
      print(lane, again);
      y[lane + 1] = max(again, 0);
      y[lane] = length(vec2f(0.0 / sum, 1));
    }`,
  bindings: () => [{ binding: 0, data: new Float32Array(8) }],
  workgroups: [1],
};

test("faults, prints and NaNs are found where they are born", () => {
  const stepper = opened(faulty);
  const lines = (to: "fault" | "print" | "nan", direction: "next" | "previous") => {
    const found: number[] = [];
    while (stepper.go({ to, direction }) === "found") found.push(stepper.where().strands[0]?.place.line ?? 0);
    return found;
  };
  expect(lines("fault", "next")).toEqual([4, 8, 9]);
  stepper.goTo(0);
  expect(lines("print", "next")).toEqual([7]);
  stepper.goTo(0);
  const before = seen(stepper);
  expect(lines("nan", "next")).toEqual([5, 9]);
  stepper.goTo(stepper.total() as number);
  expect(lines("nan", "previous")).toEqual([9, 5]);
  expect(lines("fault", "previous")).toEqual([4]);
  stepper.goTo(0);
  expect(seen(stepper)).toBe(before);
  const { faults, prints } = stepper.marks();
  expect(faults.map(({ line, kind }) => `${line} ${kind}`)).toEqual([
    "4 out-of-bounds",
    "8 out-of-bounds",
    "9 race",
    "9 race",
  ]);
  expect(prints).toHaveLength(8);
  expect(prints[0]).toEqual({ step: prints[0]?.step, line: 7, lane: 0, values: [0, Number.NaN] });
});

test("a race is a fault at its second access, and the first one is found from there", () => {
  const code = `@group(0) @binding(0) var<storage, read_write> y: array<u32>;
    var<workgroup> tile: array<u32, 16>;
    @compute @workgroup_size(16) fn main(@builtin(local_invocation_index) lane: u32) {
      tile[lane] = lane;
      workgroupBarrier();
      if (lane == 9) { tile[2] = 7; }
      y[lane] = tile[(lane + 1) % 16];
      y[lane] += y[lane + 16];
    }`;
  const kernel: SmallKernel = { code, bindings: () => [{ binding: 0, data: new Uint32Array(16) }], workgroups: [1] };
  const stepper = opened(kernel, {}, 3);
  const { faults } = stepper.marks();
  const memory = stepper.memories.findIndex(({ name }) => name === "tile");
  const race = { kind: "read-write", memory, word: 2, lane: 9, earlier: { lane: 1, line: 7 } };
  expect(faults).toMatchObject([{ line: 8 }, { line: 6, kind: "race", race }, { line: 8 }]);
  stepper.goTo(0);
  for (const which of [0, 1]) {
    expect(stepper.go({ to: "fault", direction: "next" })).toBe("found");
    expect(stepper.step()).toBe(faults[which]?.step);
  }
  expect(places(stepper, 1)).toBe("6 main");
  expect(stepper.accesses(1)).toMatchObject([{ kind: "store", memory }]);
  const access = { to: "access", memory, word: 2 } as const;
  expect(stepper.go({ direction: "previous", lane: 2, ...access })).toBe("found");
  expect(stepper.step()).toBe(0);
  stepper.goTo(faults[1]?.step ?? 0);
  expect(stepper.go({ direction: "previous", lane: 1, ...access })).toBe("found");
  expect(places(stepper, 0)).toBe("7 main");
  expect(stepper.accesses(0)[0]?.addresses[1]).toBe(8);
  const lines: string[] = [];
  stepper.goTo(0);
  while (stepper.go({ direction: "next", ...access }) === "found")
    lines.push(places(stepper, stepper.where().next ?? 0));
  while (stepper.go({ direction: "previous", ...access }) === "found") lines.push(places(stepper, 0));
  // The first write is that of step 0, where the search begins.
  expect(lines).toEqual(["7 main", "6 main", "7 main", "4 main"]);
  const written: Breakpoint = { on: "write", memory, word: 2 };
  const stops = (direction: "next" | "previous", breakpoints: readonly Breakpoint[]) => {
    stepper.goTo(direction === "next" ? 0 : (stepper.total() ?? 0));
    const found: string[] = [];
    while (stepper.go({ to: "breakpoint", direction, breakpoints }) === "found") {
      found.push(places(stepper, stepper.where().next ?? 0));
    }
    return found;
  };
  expect(stops("next", [written])).toEqual(["6 main"]);
  expect(stops("previous", [written])).toEqual(["6 main", "4 main"]);
  expect(stops("next", [{ on: "fault" }])).toEqual(["8 main", "6 main", "8 main"]);
  const all: readonly Breakpoint[] = [written, { on: "fault" }, { on: "nan" }, { line: 7 }];
  expect(stops("next", all)).toEqual(["7 main", "8 main", "6 main", "7 main", "8 main"]);
  expect(stops("previous", all)).toEqual(["8 main", "7 main", "6 main", "8 main", "7 main", "4 main"]);
  expect(stepper.memory(memory).writes[2]).toBe(0);
});

test.for([
  [
    "if (lane < 8) { workgroupBarrier(); } else { workgroupBarrier(); }",
    "lanes 0–7 wait at a barrier; lanes 8–15 wait at another one",
  ],
  ["if (lane < 3) { workgroupBarrier(); }", "lanes 0–2 wait at a barrier; lanes 3–7 took another branch"],
  ["if (lane < 8) { return; }\n workgroupBarrier();", "lanes 8–15 wait at a barrier; lanes 0–7 have ended"],
] as const)("%s ends a run, which can be visited", ([body, message]) => {
  const stepper = opened(bodyOf(body));
  expect(stepper.end()).toMatchObject({ kind: "divergence", message });
  const total = stepper.total() as number;
  expect(stepper.marks().faults).toEqual([{ step: total, line: stepper.end()?.line, kind: "divergence", message }]);
  expect(stepper.go({ to: "fault", direction: "next" })).toBe("found");
  expect(stepper.step()).toBe(total);
  const last = seen(stepper);
  stepper.goTo(0);
  stepper.goTo(total);
  expect(seen(stepper)).toBe(last);
  expect(() => stepper.finish()).toThrow(message);
});

test("an endless loop ends with its budget, and its steps can be visited", () => {
  const stepper = opened(bodyOf("var n = 0u;\n loop { n += lane; if (n == 1) { break; } }"), { maxSteps: 5000 });
  expect(stepper.end()).toMatchObject({ kind: "steps", message: "the budget of 5000 steps ended here" });
  expect(stepper.total()).toBe(5000);
  stepper.goTo(4999);
  const n = watched(stepper, "n");
  stepper.goTo(100);
  expect(watched(stepper, "n")[7]).toBeLessThan(n[7] as number);
});

test("a workgroup that fails before the one under the lens ends the run before its first step", () => {
  const body = "if (id.x == 1 && lane < 3) { workgroupBarrier(); }";
  const stepper = opened(bodyOf(body, [3]), { lens: [2, 0, 0] });
  expect(stepper.end()?.message).toBe("workgroup 1, 0, 0: lanes 0–2 wait at a barrier; lanes 3–7 took another branch");
  expect(stepper.total()).toBe(0);
  const earlier = opened(bodyOf(body, [3]));
  expect(earlier.end()?.kind).toBe("ended");
  expect(() => earlier.finish()).toThrow("workgroup 1, 0, 0");
  expect(earlier.step()).toBe(0);
});

test("what cannot be opened is refused with its reason", () => {
  const { code, bindings, workgroups } = mixed;
  const open = (text: string, options: object = {}) =>
    openStepper(text, Object.assign({ bindings: bindings(), workgroups }, options));
  expect(() => open(code.replace("var sum = 0.0;", "var sum = 0.0 + true;"))).toThrow(
    /^line 24: abstract-float \+ bool/,
  );
  expect(() => open(code, { bindings: [] })).toThrow(/^line 2: params, @group\(0\) @binding\(0\), has no data/);
  expect(() => open(code, { lens: [3, 0, 0] })).toThrow(
    "the lens is workgroup 3, 0, 0; there are 3 × 1 × 1 workgroups",
  );
  expect(() => open(code, { entryPoint: "other" })).toThrow("no entry point other");
  const large = [...bindings().slice(0, 2), { binding: 2, data: new ArrayBuffer(2 ** 26) }, ...bindings().slice(3)];
  expect(() => open(code, { bindings: large })).toThrow("stepping takes 67108864 at most");
});

test("buffers that were given stay as they are", () => {
  const own = mixed.bindings();
  opened(Object.assign({}, mixed, { bindings: () => own })).finish();
  expect(own).toEqual(mixed.bindings());
});
