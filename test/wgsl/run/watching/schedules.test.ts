import { describe, expect, test } from "vitest";
import { runWgsl } from "../../../../src/wgsl-run.ts";

const outputs = (code: string, seeds: readonly (number | undefined)[], workgroups = 3) =>
  new Set(
    seeds.map((schedule) => {
      const data = new Uint32Array(512);
      runWgsl(code, {
        bindings: [{ binding: 0, data }],
        workgroups: [workgroups],
        subgroupSize: 8,
        ...(schedule !== undefined && { schedule }),
      });
      return data.join();
    }),
  );
const seeds = Array.from({ length: 12 }, (_, i) => i);
const head = `@group(0) @binding(0) var<storage, read_write> y: array<atomic<u32>>;
var<workgroup> w: array<u32, 32>;
var<workgroup> n: atomic<u32>;
@compute @workgroup_size(32)
fn main(@builtin(local_invocation_index) i: u32, @builtin(workgroup_id) group: vec3u) {`;

describe("random schedules", () => {
  test("what no order decides has the same bits in all of them", () => {
    const code = `${head}
      for (var t = 0u; t < 4u; t++) {
        w[i] = i * t + group.x;
        workgroupBarrier();
        if i % 3u == t % 3u { atomicAdd(&y[32u * group.x + i], w[31u - i]); }
        workgroupBarrier();
      }
      atomicAdd(&y[500], i);
    }`;
    expect(outputs(code, [undefined, ...seeds]).size).toBe(1);
  });

  test("numbers drawn from a counter differ, and a seed gives the same again", () => {
    const code = `${head} atomicStore(&y[32u * group.x + atomicAdd(&n, 1u)], i); }`;
    expect(outputs(code, seeds).size).toBeGreaterThan(6);
    expect(outputs(code, [5, 5, 5]).size).toBe(1);
  });

  test("a barrier that is missing shows", () => {
    const code = `${head} w[i] = i + 1u; atomicStore(&y[32u * group.x + i], w[(i + 8u) % 32u]); }`;
    expect(outputs(code, seeds).size).toBeGreaterThan(6);
  });

  test("workgroups take turns in any order", () => {
    const code = `${head} if i == 0u { atomicStore(&y[group.x], atomicAdd(&y[500], 1u)); } }`;
    expect(outputs(code, seeds, 8).size).toBeGreaterThan(6);
  });

  test("lanes that do not meet at a barrier are an error, an endless loop is too", () => {
    const run = (body: string) => () =>
      runWgsl(`${head} ${body} }`, {
        bindings: [{ binding: 0, data: new Uint32Array(8) }],
        workgroups: [2],
        schedule: 1,
        maxSteps: 10_000,
      });
    expect(run("if i < 4u { return; } workgroupBarrier();")).toThrow(/line 5: .*wait at a barrier/);
    expect(run("loop { w[i] += 1u; if i > 99u { break; } }")).toThrow(/budget of 10000 steps/);
  });
});

describe("which threads a subgroup has", () => {
  const head = `enable subgroups;
@group(0) @binding(0) var<storage, read_write> y: array<u32>;
@compute @workgroup_size(8, 4)
fn main(@builtin(local_invocation_index) i: u32, @builtin(local_invocation_id) at: vec3u,
        @builtin(subgroup_invocation_id) lane: u32, @builtin(subgroup_size) size: u32) {`;
  const run = (body: string, mapping: "linear" | "permuted") => {
    const data = new Uint32Array(32);
    const { prints } = runWgsl(`${head} ${body} }`, {
      bindings: [{ binding: 0, data }],
      workgroups: [1],
      subgroupSize: 8,
      mapping,
    });
    return { data: [...data], prints };
  };
  const threads = Array.from({ length: 32 }, (_, i) => i);

  test("neighbours, or others, each in one of them; a thread has its own place and number", () => {
    const smallest = "y[i] = subgroupMin(i);";
    expect(run(smallest, "linear").data).toEqual(threads.map((i) => i - (i % 8)));
    const permuted = run(smallest, "permuted").data;
    expect(new Set(permuted).size).toBe(4);
    for (const first of permuted) expect(permuted.filter((one) => one === first).length).toBe(8);
    expect(permuted).not.toEqual(threads.map((i) => i - (i % 8)));
    expect(run("y[i] = at.x + 8u * at.y;", "permuted").data).toEqual(threads);
    const { prints } = run("print(i);", "permuted");
    expect(prints.map(({ lane }) => [lane])).toEqual(prints.map(({ values }) => values));
    expect(prints.map(({ lane }) => lane)).not.toEqual(threads);
  });

  test("a text that takes thread / size for the number of its subgroup has other results", () => {
    const count = "y[i / size] = subgroupAdd(i);";
    const sums = [28, 92, 156, 220];
    expect(run(count, "linear").data.slice(0, 4)).toEqual(sums);
    expect(run(count, "permuted").data.slice(0, 4)).not.toEqual(sums);
  });

  test("is not chosen with a mode", () => {
    const options = { bindings: [{ binding: 0, data: new Uint32Array(32) }], workgroups: [1] } as const;
    expect(() => runWgsl(`${head} }`, { ...options, mapping: "permuted", mode: "racing" })).toThrow(
      'runWgsl: mapping is "permuted" and mode is racing, expected one of them',
    );
  });
});
