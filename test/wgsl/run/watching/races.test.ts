// The detector's verdicts on small kernels, and counters whose values are known.
import { describe, expect, test } from "vitest";
import { runWgsl } from "../../../../src/wgsl-run.ts";

/** A text of 64 threads with buffers of words, vectors and halves, and variables in workgroup memory. */
const kernel = (body: string, size = 64) => `enable f16;
@group(0) @binding(0) var<storage, read_write> y: array<u32>;
@group(0) @binding(1) var<storage, read_write> taken: array<atomic<u32>>;
@group(0) @binding(2) var<storage, read_write> four: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> halves: array<f16>;
var<workgroup> w: array<u32, 256>;
var<workgroup> v: array<vec4u, 64>;
var<workgroup> total: atomic<u32>;
@compute @workgroup_size(${size})
fn main(@builtin(local_invocation_index) i: u32, @builtin(workgroup_id) group: vec3u) {
${body}
}`;
const firstLine = 11;

interface Verdict {
  readonly races?: readonly (readonly [kind: string, between: string, a: number, b: number])[];
  readonly notes?: readonly string[];
  readonly divergence?: readonly number[];
}

/** Texts by what is wrong with them; lines count from the body's first. */
const verdicts: Readonly<Record<string, readonly [body: string, verdict: Verdict, workgroups?: number]>> = {
  "each thread its own word": ["w[i] = i;\ny[i] = w[i];", {}],
  "one word, written by all": ["w[0] = i;", { races: [["write-write", "lanes", 1, 1]] }],
  "one word, the same value": ["w[0] = 7u;", { races: [["write-write", "lanes", 1, 1]] }],
  "a neighbour's word without a barrier": ["w[i] = i;\ny[i] = w[i ^ 1];", { races: [["read-write", "lanes", 1, 2]] }],
  "a neighbour's word after a barrier": ["w[i] = i;\nworkgroupBarrier();\ny[i] = w[i ^ 1];", {}],
  "the barrier of buffers for workgroup memory": [
    "w[i] = i;\nstorageBarrier();\ny[i] = w[i ^ 1];",
    { races: [["wrong-barrier", "lanes", 1, 3]] },
  ],
  "the barrier of workgroup memory for a buffer": [
    "y[i] = i;\nworkgroupBarrier();\nw[i] = y[i ^ 1];",
    { races: [["wrong-barrier", "lanes", 1, 3]] },
  ],
  "the right barrier for a buffer": ["y[i] = i;\nstorageBarrier();\nw[i] = y[i ^ 1];", {}],
  "read, then written by another": ["let x = w[i ^ 1];\nw[i] = x;", { races: [["read-write", "lanes", 1, 2]] }],
  "three parties: two read, one of them writes": [
    "if i < 2u { y[i] = w[9]; }\nif i == 0u { w[9] = 1u; }",
    { races: [["read-write", "lanes", 1, 2]] },
  ],
  "three parties: a third writes": [
    "if i < 2u { y[i] = w[9]; }\nif i == 2u { w[9] = 1u; }",
    { races: [["read-write", "lanes", 1, 2]] },
  ],
  "the same thread reads and writes": ["if i == 3u {\nw[9] = 1u;\ny[0] = w[9];\n}", {}],
  "only reads": ["y[i] = w[0] + w[1];", {}],
  "a loop without its second barrier": [
    "for (var t = 0u; t < 3u; t++) {\nw[i] = t;\nworkgroupBarrier();\ny[i] = w[i ^ 1];\n}",
    { races: [["read-write", "lanes", 2, 4]] },
  ],
  "a loop with both barriers": [
    "for (var t = 0u; t < 3u; t++) {\nw[i] = t;\nworkgroupBarrier();\ny[i] = w[i ^ 1];\nworkgroupBarrier();\n}",
    {},
  ],
  "components of one vector": ["v[i >> 2][i & 3u] = i;", { races: [["write-write", "lanes", 1, 1]] }],
  "components of one vector in a buffer": ["four[i >> 2][i & 3u] = i;", { races: [["write-write", "lanes", 1, 1]] }],
  "whole vectors": ["v[i] = vec4u(i);\nfour[i] = v[i];", {}],
  "halves of one word": ["halves[i] = f16(i);", { notes: ["tearing"] }],
  "halves of different words": ["halves[2u * i] = f16(i);", {}],
  "halves of one word, with a barrier between": [
    "if i == 0u { halves[0] = 1h; }\nstorageBarrier();\nif i == 1u { halves[1] = 1h; }",
    {},
  ],
  "halves of one word, by two workgroups": ["if i == 0u { halves[group.x] = 1h; }", { notes: ["tearing"] }, 2],
  "one half, written by all": ["halves[1] = 1h;", { races: [["write-write", "lanes", 1, 1]] }],
  "a sum of atomics": ["atomicAdd(&total, i);\nworkgroupBarrier();\ny[i] = atomicLoad(&total);", {}],
  "an atomic sum that is read too early": ["atomicAdd(&total, i);\ny[i] = atomicLoad(&total);", { notes: ["order"] }],
  "numbers drawn from a counter": ["y[atomicAdd(&total, 1u)] = i;", { notes: ["order"] }],
  "an atomic that is cleared and added to": [
    "if i == 0u { atomicStore(&total, 0u); }\natomicAdd(&total, 1u);",
    { notes: ["order"] },
  ],
  "an atomic maximum that is never read": ["atomicMax(&total, i);", {}],
  "workgroups that write one word": [
    "if i == 0u { y[0] = group.x; }",
    { races: [["write-write", "workgroups", 1, 1]] },
    2,
  ],
  "workgroups that write their own words": ["y[64u * group.x + i] = i;", {}, 2],
  "a workgroup that reads another's words": [
    "y[64u * group.x + i] = i;\nw[i] = y[(64u * group.x + i + 64u) % 128u];",
    { races: [["read-write", "workgroups", 1, 2]] },
    2,
  ],
  "counts of all workgroups": ["atomicAdd(&taken[i & 3u], 1u);", {}, 2],
  "numbers drawn by all workgroups": ["if i == 0u { y[atomicAdd(&taken[0], 1u)] = i; }", { notes: ["order"] }, 2],
  "a uniform load": [
    "if i == 0u { w[0] = 5u; }\ny[i] = workgroupUniformLoad(&w[0]);\nw[0] = 1u;",
    { races: [["write-write", "lanes", 3, 3]] },
  ],
  "a barrier in a branch": ["if i < 32u {\nworkgroupBarrier();\n}", { divergence: [2] }],
  "a barrier after a return": ["if i == 5u { return; }\nworkgroupBarrier();", { divergence: [2] }],
  "two barriers for two halves": [
    "if i < 32u {\nworkgroupBarrier();\n} else {\nworkgroupBarrier();\n}",
    { divergence: [2, 4] },
  ],
  "as many turns as the thread's number": [
    "for (var t = 0u; t < i; t++) {\nworkgroupBarrier();\n}",
    { divergence: [2] },
  ],
};

const run = (body: string, workgroups: number, subgroupSize: number) =>
  runWgsl(kernel(body), {
    bindings: [0, 1, 2, 3].map((binding) => ({ binding, data: new Uint32Array(256) })),
    workgroups: [workgroups],
    mode: ["racing"],
    subgroupSize,
  });

describe.each([4, 8, 32, 64])("in subgroups of %i", (subgroupSize) => {
  test.each(Object.entries(verdicts))(
    "%s",
    (_, [body, { races = [], notes = [], divergence = [] }, workgroups = 1]) => {
      const found = run(body, workgroups, subgroupSize);
      const own = (line: number) => line - firstLine + 1;
      expect(found.races.map(({ kind, between, lines: [a, b] }) => [kind, between, own(a), own(b)])).toEqual(races);
      expect([...new Set(found.notes.map(({ kind }) => kind))]).toEqual(notes);
      const places = new Set(found.divergence.map(({ line }) => own(line)));
      if (divergence.length === 2) for (const line of places) expect(divergence).toContain(line);
      else expect([...places]).toEqual(divergence);
      expect(found.outOfBounds).toEqual([]);
    },
  );
});
