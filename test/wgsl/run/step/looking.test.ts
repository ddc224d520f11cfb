// What a stepper shows at a step: watches, memory, accesses, lanes.
import { expect, test } from "vitest";
import { runWgsl } from "../../../../src/wgsl/run/run.ts";
import type { Stepper } from "../../../../src/wgsl/run/step/types.ts";
import { bytesAfter, mixed, opened, type SmallKernel, watched } from "./small-kernels.ts";

/** The line of the mixed kernel with this text, from 1. */
const lineOf = (text: string) => mixed.code.split("\n").findIndex((line) => line.includes(text)) + 1;

const to = (stepper: Stepper, line: number, strand = 0) =>
  expect(stepper.go({ to: "breakpoint", direction: "next", breakpoints: [{ line, strand }] })).toBe("found");

/** The mixed kernel that prints these values where it computes them. */
const printed = ["vec2f(sum, tile[(lane + 1) % 16])", "i", "f32(lane) * params.scale > 6 && x[i] != 0", "counts_of[2]"];
const printing: SmallKernel = Object.assign({}, mixed, {
  code: mixed.code.replace(
    "add(&sum,",
    `let counts_of = vec3u(i, lane, i + lane); print(${printed.join(", ")}); add(&sum,`,
  ),
});

test("watches give what print gives, for all lanes that print", () => {
  const stepper = opened(printing, { lens: [1, 0, 0] });
  const { prints } = stepper.marks();
  const own = runWgsl(printing.code, { bindings: printing.bindings(), workgroups: [2], subgroupSize: 8 });
  expect(prints.map(({ lane, line, values }) => ({ lane, line, values }))).toEqual(
    own.prints.filter(({ workgroup }) => workgroup[0] === 1).map(({ lane, line, values }) => ({ lane, line, values })),
  );
  expect(prints.length).toBeGreaterThan(20);
  for (const { step, lane, values } of prints) {
    stepper.goTo(step);
    const strand = stepper.where().next as number;
    const found = printed.flatMap((expression) => {
      const all = watched(stepper, expression, strand);
      const count = all.length / 16;
      return all.slice(lane * count, (lane + 1) * count);
    });
    expect(found).toEqual(values);
  }
});

test("watches have types, labels, and values of lanes that wait; pointers, structs, memory and builtins work", () => {
  const stepper = opened(mixed);
  to(stepper, lineOf("*to += value"));
  expect(watched(stepper, "*to")).toEqual(watched(stepper, "*to * 1"));
  expect(watched(stepper, "value")).toHaveLength(16);
  to(stepper, lineOf("switch lane"), 1);
  expect(stepper.watch("params", 1)).toMatchObject({
    type: "Params",
    scalars: [
      { scalar: "u32", label: ".rows" },
      { scalar: "f32", label: ".scale" },
    ],
  });
  expect(stepper.watch("vec3h(1)", 1)).toEqual({ refused: "vec3h needs enable f16;", at: 0 });
  expect(stepper.watch("vec2(lane, lane * 2)", 1)).toMatchObject({ type: "vec2<u32>", scalars: [{ label: ".x" }, {}] });
  expect(watched(stepper, "lane * 2 + calls - calls", 1)).toEqual(Array.from({ length: 16 }, (_, i) => i * 2));
  expect(watched(stepper, "local", 1).slice(0, 4)).toEqual([0, 0, 0, 0]);
  expect(watched(stepper, "arrayLength(&x) + atomicLoad(&counts[0])", 1)[3]).toBe(16);
  expect(watched(stepper, "select(-1.0, tile[3], lane == 3)", 1)[3]).toBe(watched(stepper, "tile[lane]", 1)[3]);
  expect(watched(stepper, "x[lane + 100]", 1)).toEqual(new Array(16).fill(0));
});

test("what active lanes do together is theirs alone", () => {
  const code = `enable subgroups;
    @compute @workgroup_size(8) fn main(@builtin(local_invocation_index) lane: u32) {
      var sum = lane;
      if (lane > 5) { sum += 1; }
    }`;
  const stepper = opened({ code, bindings: () => [], workgroups: [1] });
  expect(stepper.go({ to: "breakpoint", direction: "next", breakpoints: [{ line: 4 }] })).toBe("found");
  expect(watched(stepper, "subgroupAdd(lane)")).toEqual(new Array(8).fill(28));
  stepper.goTo(stepper.step() + 2);
  expect([...stepper.lanes().status]).toEqual([1, 1, 1, 1, 1, 1, 0, 0]);
  expect(watched(stepper, "subgroupAdd(lane)").slice(6)).toEqual([13, 13]);
});

test.for([
  ["lan * 2", "lan is not declared", 0],
  ["lane +", "the end stands where an expression is expected", 6],
  ["lane lane", "lane stands where the end of the expression is expected", 5],
  ["(lane", "( is not closed", 0],
  ["lane + 1.5", "u32 + abstract-float", 0],
  ["scaled(sum)", "scaled is a function of the text, which is not called here", 0],
  ["1 + atomicAdd(&counts[0], 1)", "atomicAdd is not called here: it stores", 4],
  ["workgroupUniformLoad(&total)", "workgroupUniformLoad is not called here: it waits", 0],
  ["workgroupBarrier()", "workgroupBarrier is not run here", 0],
  ["&sum", "a pointer is no value; * gives what it points to", 0],
  ["x", "a array<f32> is no value", 0],
  ["counts[0]", "an atomic value is read by atomicLoad", 0],
  ["i", "i is not declared", 0],
  ["all", "all is not declared", 0],
  ["unused", "unused is not used by this entry point", 0],
  ["array<f32, 300>()", "array<f32, 300> has more than 256 numbers", 0],
  ["print(sum)", "print is no function", 0],
  ["sum = 2", "= stands where the end of the expression is expected", 4],
] as const)("%s is refused", ([expression, refused, at]) => {
  const code = mixed.code.replace("var<private>", "var<workgroup> unused: f32; var<private>");
  const stepper = opened(Object.assign({}, mixed, { code }));
  to(stepper, lineOf("tile[lane] = sum"));
  expect(stepper.watch(expression, 0)).toEqual({ refused, at });
});

test("variables in scope are listed, the innermost first, without those that another one hides", () => {
  const code = `
    @group(0) @binding(0) var<storage, read_write> y: array<u32>;
    var<private> kept = 1;
    const SIZE = 4;
    fn twice(y: u32) -> u32 {
      return y * 2; }
    @compute @workgroup_size(SIZE) fn main(@builtin(local_invocation_index) lane: u32) {
      let a = twice(lane);
      { let a = 2u; let b = a; y[lane] = a + b; }
      for (var a = 0; a < 1; a++) { let c = a;
        y[lane] = u32(c); }
      kept += 1;
      let later = a + u32(kept); y[lane] = later;
    }`;
  const stepper = opened({ code, bindings: () => [{ binding: 0, data: new Uint32Array(4) }], workgroups: [1] });
  const names = (line: number) => {
    stepper.goTo(0);
    to(stepper, line);
    return stepper.variables(0).map(({ name, type, space }) => `${name}: ${type} ${space}`);
  };
  const module = ["y: array<u32> storage", "kept: i32 private"];
  expect(names(6)).toEqual(["y: u32 value", "kept: i32 private"]);
  expect(names(11)).toEqual(["c: i32 value", "a: i32 function", "lane: u32 value", ...module]);
  expect(names(12)).toEqual(["a: u32 value", "lane: u32 value", ...module]);
  stepper.goTo(stepper.total() as number);
  expect(stepper.variables(0)[0]).toEqual({ name: "later", type: "u32", space: "value", scalars: 1 });
});

test("reads and writes of words add up to what a straight run counts, and grow from 0 to it", () => {
  const one: SmallKernel = Object.assign({}, mixed, { workgroups: [1] });
  const stepper = opened(one);
  const { counters } = runWgsl(one.code, {
    bindings: one.bindings(),
    workgroups: [1],
    subgroupSize: 8,
    mode: "counting",
  });
  const bytes = (index: number) => {
    const { reads, writes } = stepper.memory(index);
    return 4 * [...reads, ...writes].reduce((sum, count) => sum + count, 0);
  };
  const buffers = stepper.memories.flatMap(({ space, binding }, i) => (space === "storage" ? [[i, binding]] : []));
  expect(buffers).toHaveLength(3);
  for (const [index = 0] of buffers) expect(bytes(index)).toBe(0);
  stepper.goTo(stepper.total() as number);
  for (const [index = 0, binding] of buffers) {
    // An atomic addition asks once and is a read and a write here.
    expect(bytes(index)).toBe((counters[`0.${binding}`]?.asked ?? 0) * (binding === 3 ? 2 : 1));
  }
  const tile = stepper.memories.findIndex(({ name }) => name === "tile");
  expect([...stepper.memory(tile).writes]).toEqual(new Array(16).fill(1));
  expect([...stepper.memory(tile).reads]).toEqual([1, ...new Array(14).fill(0), 1]);
});

test("two halves of a word are one access of it, and functions of atomics read, write or both", () => {
  const code = `enable f16;
    @group(0) @binding(0) var<storage, read_write> y: array<vec3h>;
    @group(0) @binding(1) var<storage, read_write> counts: array<atomic<u32>>;
    @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) lane: u32) {
      y[lane / 2] = vec3h(1);
      atomicStore(&counts[0], atomicLoad(&counts[1]));
      atomicAdd(&counts[2], 1);
    }`;
  const bindings = () => [0, 1].map((binding) => ({ binding, data: new Uint32Array(4) }));
  const stepper = opened({ code, bindings, workgroups: [1] });
  stepper.goTo(stepper.total() as number);
  expect([...stepper.memory(0).writes]).toEqual([2, 2, 2, 2]);
  expect([...stepper.memory(1).reads]).toEqual([0, 4, 4, 0]);
  expect([...stepper.memory(1).writes]).toEqual([4, 0, 4, 0]);
});

test("of lanes that write a word in one step, and of accesses, the last one counts", () => {
  const code = `@group(0) @binding(0) var<storage, read_write> y: array<atomic<u32>>;
    var<workgroup> one: u32;
    @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) lane: u32) {
      one = lane;
      let sum = atomicAdd(&y[0], 1) +
        atomicMax(&y[0], lane);
    }`;
  const stepper = opened({ code, bindings: () => [{ binding: 0, data: new Uint32Array(1) }], workgroups: [1] });
  stepper.goTo(stepper.total() as number);
  expect(stepper.lastWrite(0, 0)).toMatchObject({ lane: 3, place: { line: 6 } });
  expect(stepper.lastWrite(1, 0)).toMatchObject({ lane: 3, place: { line: 4 } });
});

test("the last write of a word is the step, lane and line that gave it its content", () => {
  const stepper = opened(mixed);
  const y = stepper.memories.findIndex(({ name }) => name === "y");
  const tile = stepper.memories.findIndex(({ name }) => name === "tile");
  expect(stepper.lastWrite(y, 5)).toBeUndefined();
  stepper.goTo(stepper.total() as number);
  expect(stepper.lastWrite(y, 20)).toBeUndefined();
  for (const [memory, word, text] of [
    [y, 5, "y[group.x"],
    [tile, 11, "tile[lane] ="],
  ] as const) {
    const write = stepper.lastWrite(memory, word);
    expect(write).toMatchObject({ lane: word, place: { line: lineOf(text) } });
    const after = stepper.memory(memory).bytes.slice(4 * word, 4 * word + 4);
    const step = write?.step ?? -1;
    stepper.goTo(step);
    expect(stepper.memory(memory).bytes.slice(4 * word, 4 * word + 4)).not.toEqual(after);
    stepper.goTo(step + 1);
    expect(stepper.memory(memory).bytes.slice(4 * word, 4 * word + 4)).toEqual(after);
    stepper.goTo(stepper.total() as number);
  }
});

test("accesses of a statement are those it makes next: of its lanes, in order, without those of functions", () => {
  const stepper = opened(mixed, { lens: [1, 0, 0] });
  const named = (strand: number) =>
    stepper.accesses(strand).map(({ kind, memory, bytes, lanes, addresses }) => ({
      kind,
      name: stepper.memories[memory]?.name,
      bytes,
      lanes: [...lanes],
      addresses: [...addresses],
    }));
  to(stepper, lineOf("add(&sum,"));
  expect(named(0)).toEqual([
    { kind: "load", name: "x", bytes: 4, lanes: [1, 2, 3, 4, 6, 7], addresses: [4, 8, 12, 16, 24, 28] },
  ]);
  to(stepper, lineOf("tile[lane] = sum"), 1);
  const lanes = Array.from({ length: 8 }, (_, i) => 8 + i);
  expect(named(1)).toEqual([
    { kind: "store", name: "tile", bytes: 4, lanes, addresses: lanes.map((lane) => 4 * lane) },
  ]);
  expect(stepper.go({ to: "barrier", direction: "next" })).toBe("found");
  expect(named(0)).toEqual([]);
  expect(stepper.go({ to: "barrier", direction: "next" })).toBe("found");
  // What waits is inside of the declaration of all.
  expect(stepper.watch("all", 0)).toEqual({ refused: "all is not declared", at: 0 });
  expect(named(0)).toMatchObject([{ kind: "load", name: "total", addresses: new Array(8).fill(0) }]);
  to(stepper, lineOf("y[group.x"));
  expect(named(0).map(({ kind, addresses }) => [kind, addresses[3]])).toEqual([
    ["load", 12],
    ["store", 76],
  ]);
  stepper.goTo(stepper.total() as number);
  expect(named(0)).toEqual([]);
});

test("lanes that wait know the line at which they go on", () => {
  const code = `@group(0) @binding(0) var<storage, read_write> y: array<u32>;
    fn part(lane: u32) -> u32 {
      if (lane == 0) { return 7; }
      return lane;
    }
    @compute @workgroup_size(8) fn main(@builtin(local_invocation_index) lane: u32) {
      if (lane == 7) { return; }
      for (var i = 0u; i < lane; i++) {
        if (lane == 5) { continue; }
        if (lane < 3) {
          y[lane] += 1;
        } else {
          y[lane] += 2;
        }
        y[lane] += 3;
      }
      switch lane { case 1, 2: { y[lane] += 4; } default: { y[lane] += 5; } }
      y[lane] += part(lane);
      workgroupBarrier();
    }`;
  const stepper = opened({ code, bindings: () => [{ binding: 0, data: new Uint32Array(8) }], workgroups: [1] });
  const at = (line: number) => {
    to(stepper, line);
    const { status, rejoins } = stepper.lanes();
    return [[...status].join(""), [...rejoins].join(" ")];
  };
  expect(at(8)).toEqual(["00000003", "0 0 0 0 0 0 0 0"]);
  expect(at(9)).toEqual(["10000003", "17 0 0 0 0 0 0 0"]);
  // Lane 5 goes on at the loop's update, the lanes of the other branch at that.
  expect(at(11)).toEqual(["10011113", "17 0 0 13 13 8 13 0"]);
  expect(at(13)).toEqual(["11100103", "17 15 15 0 0 8 0 0"]);
  expect(at(15)).toEqual(["10000103", "17 0 0 0 0 8 0 0"]);
  expect(at(17)[0]).toBe("00000003");
  expect(at(4)).toEqual(["10000003", "18 0 0 0 0 0 0 0"]);
  expect(stepper.end()?.kind).toBe("divergence");
  stepper.goTo(stepper.total() as number);
  expect([...stepper.lanes().status].join("")).toBe("22222223");
  expect(stepper.where().strands[0]?.status).toBe("barrier");
});

test("lanes of a switch wait for their case, those that are done with one for the end", () => {
  const code = `@group(0) @binding(0) var<storage, read_write> y: array<u32>;
    @compute @workgroup_size(8) fn main(@builtin(local_invocation_index) lane: u32) {
      switch lane {
        case 0, 1, 2: {
          if (lane == 0) {
            y[lane] = 1;
          }
        }
        case 3: {
          y[lane] = 2;
        }
        default: {
          y[lane] = 3;
        }
      }
      y[lane] += 4;
    }`;
  const stepper = opened({ code, bindings: () => [{ binding: 0, data: new Uint32Array(8) }], workgroups: [1] });
  const at = (line: number) => {
    to(stepper, line);
    return [...stepper.lanes().rejoins].join(" ");
  };
  expect(at(5)).toBe("0 0 0 16 16 16 16 16");
  expect(at(6)).toBe("0 16 16 16 16 16 16 16");
  expect(at(10)).toBe("16 16 16 0 16 16 16 16");
  expect(at(13)).toBe("16 16 16 16 0 0 0 0");
});

test("what a stepper says of memory is how to read its bytes", () => {
  const stepper = opened(mixed);
  expect(stepper.memories.map(({ name, type, stride, bytes }) => `${name} ${type} ${stride} ${bytes}`)).toEqual([
    "params Params 8 8",
    "x array<f32> 4 64",
    "y array<f32> 4 192",
    "counts array<atomic<u32>> 4 12",
    "tile array<f32, 16> 4 64",
    "total f32 4 4",
  ]);
  expect(stepper.memories[0]?.scalars).toEqual([
    { scalar: "u32", offset: 0 },
    { scalar: "f32", offset: 4 },
  ]);
  expect(stepper.memory(2).bytes).toEqual(new Uint8Array(new Float32Array(48).fill(0.5).buffer));
  expect(() => stepper.memory(6)).toThrow("memory 6; there are 6");
  expect(() => stepper.watch("1", 2)).toThrow("strand 2; there are 2");
  expect(bytesAfter(mixed)).toHaveLength(2);
});

test("a watch counts barriers, and accesses to an element, which are those of the memory's words", () => {
  const stepper = opened(mixed, { lens: [1, 0, 0] });
  const memory = stepper.memories.findIndex(({ name }) => name === "tile");
  stepper.goTo(stepper.total() ?? 0);
  const { reads, writes } = stepper.memory(memory);
  expect(stepper.memories[memory]?.stride).toBe(4);
  const lanes = [...Array(stepper.width).keys()];
  expect(watched(stepper, "#reads(tile[(lane + 1) % 16])")).toEqual(lanes.map((lane) => reads[(lane + 1) % 16]));
  expect(watched(stepper, "#writes(tile[lane % 16])")).toEqual(lanes.map((lane) => writes[lane % 16]));
  expect(Math.max(...reads)).toBeGreaterThan(0);
  expect(watched(stepper, "#epoch")).toEqual(lanes.map(() => stepper.where().barriers));
  stepper.goTo(0);
  expect(watched(stepper, "#epoch")).toEqual(lanes.map(() => 0));
  expect(stepper.watch("#reads(lane)", 0)).toEqual({
    refused: "after # come epoch, reads(x[i]) or writes(x[i]), with x an array in memory",
    at: 0,
  });
  expect(stepper.watch("#reads(tile[wrong])", 0)).toMatchObject({ refused: expect.stringContaining("wrong") });
});
