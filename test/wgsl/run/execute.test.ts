// Plain runs: values, memory, workgroups, limits.
import { describe, expect, test } from "vitest";
import { WgslError } from "../../../src/wgsl/error.ts";
import { floatBits, floatOf, halfBits, halfOf } from "../../../src/wgsl/run/numbers.ts";
import { forLanes, resultsOf, runBoth, runText } from "./run-text.ts";

describe("values", () => {
  test("vectors: swizzles, stores to components, elements by a dynamic index", () => {
    const body = `var v = vec4u(lane, 1, 2, 3); v = v.wzyx; v[lane % 4] += 100; v.y = v.x + v.y; v = vec4u(v.y, v.x, v.zw.yx);
      let w = v * 10; v += v.yxwz;
      var pairs = array(vec2u(1, 2), vec2u(3, 4)); pairs[lane % 2] = pairs[1].yx;
      result = v.x + v.y * 7 + v.z * 31 + v.w * 101 + w[(lane + 1) % 4] + vec3u(5, 6, 7)[lane % 3];
      result += pairs[0].x * 10000 + pairs[0].y * 100000 + pairs[1].x * 1000000 + pairs[1].y * 10000000;
      result += select(0u, 1u << 31, bitcast<u32>(select(0.0f, -0.0f, lane == 1)) != 0);`;
    expect(resultsOf(body)).toEqual(
      forLanes((lane) => {
        let v = [3, 2, 1, lane];
        v[lane % 4] = (v[lane % 4] as number) + 100;
        v[1] = (v[0] as number) + (v[1] as number);
        v = [v[1], v[0], v[3], v[2]] as number[];
        const w = v.map((x) => x * 10);
        v = v.map((x, i) => x + (v[i ^ 1] as number));
        const [x = 0, y = 0, z = 0, last = 0] = v;
        const pairs = lane % 2 === 0 ? 340000 + 43000000 + 0 : 210000 + 34000000;
        const sum = x + y * 7 + z * 31 + last * 101 + (w[(lane + 1) % 4] as number) + 5 + (lane % 3);
        return sum + pairs + (lane === 1 ? 2 ** 31 : 0);
      }),
    );
  });

  test("elements of values that are put together, functions of three and four operands", () => {
    const body = `let v = vec4u(5, lane, 7, 9);
      result = v.wzyx[lane % 4] + 100 * vec3u(lane, v.x, 3)[lane % 3];
      result += 10000 * clamp(lane, v.x, 20u) + 1000000 * u32(clamp(f32(lane), 1.5, 3.5) * 2) + (insertBits(v.y, v.z, 28, 3) & 0xf0000000u);`;
    expect(resultsOf(body)).toEqual(
      forLanes((lane) => {
        const [fours, threes] = [
          [9, 7, lane, 5],
          [lane, 5, 3],
        ];
        const small = (fours?.[lane % 4] ?? 0) + 100 * (threes?.[lane % 3] ?? 0);
        const clamped = Math.min(Math.max(lane, 1.5), 3.5) * 2;
        return small + 10000 * Math.min(Math.max(lane, 5), 20) + 1000000 * clamped + 0x70000000;
      }),
    );
  });

  test("matrices: products, sums, transposed, a column by a dynamic index", () => {
    const out = new Float32Array(20);
    const code = `@group(0) @binding(0) var<storage, read_write> out: array<f32>;
      @group(0) @binding(1) var<uniform> given: mat3x2f;
      @compute @workgroup_size(1) fn main(@builtin(local_invocation_index) lane: u32) {
        var m = given; let v = m * vec3f(1, 10, 100); let row = vec2f(1, 10) * m; let square = m * transpose(m);
        m *= 2.0; m[lane + 1] += vec2f(0.5, 0.25); m[2][lane] = -1.0; let n = m + given;
        out[0] = v.x; out[1] = v.y; out[2] = row.x; out[3] = row.y; out[4] = row.z;
        out[5] = square[0][0]; out[6] = square[0][1]; out[7] = square[1][0]; out[8] = square[1][1];
        for (var i = 0u; i < 3; i++) { out[9 + 2 * i] = n[i].x; out[10 + 2 * i] = n[i].y; }
        out[15] = determinant(square); var power = square; power = power * power;
        out[16] = power[0].x; out[17] = power[0].y; out[18] = power[1].x; out[19] = power[1].y;
      }`;
    runBoth(code, { out, given: new Float32Array([1, 2, 3, 4, 5, 6]) });
    expect([...out]).toEqual([
      531, 642, 21, 43, 65, 35, 44, 44, 56, 3, 6, 9.5, 12.25, 4, 18, 24, 3161, 4004, 4004, 5072,
    ]);
  });

  test("structs and arrays are values: copies do not change with what they come from", () => {
    const helpers = `struct Inner { a: array<u32, 3>, flag: bool } struct Outer { inner: array<Inner, 2>, v: vec2u }
      fn changed(given: Outer, by: u32) -> Outer { var own = given; own.inner[by % 2].a[by % 3] = by; own.v.y = given.v.x; return own; }`;
    const body = `var one: Outer; one.v = vec2u(lane, 7); one.inner[1].flag = true;
      let before = one; one = changed(one, lane); let after = changed(one, lane + 1);
      one.inner[0] = after.inner[(lane + 1) % 2]; one.inner[1].a = array(1u, 2, 3);
      let table = array(10u, 20, 30);
      result = before.v.y + after.v.y * 10 + one.inner[0].a[(lane + 1) % 3] * 100 + table[lane % 3] * 100000 + one.inner[1].a[lane % 3];
      if before.inner[0].flag || !before.inner[1].flag || before.inner[lane % 2].a[lane % 3] != 0 { result = 1; }`;
    expect(resultsOf(body, helpers)).toEqual(
      forLanes((lane) => 7 + lane * 10 + (lane + 1) * 100 + ((lane % 3) + 1) * 1000000 + (lane % 3) + 1),
    );
  });

  test("builtin functions of whole values", () => {
    const out = new Float32Array(12);
    const code = `enable f16; @group(0) @binding(0) var<storage, read_write> out: array<f32>;
      @group(0) @binding(1) var<uniform> given: vec4f;
      @compute @workgroup_size(1) fn main() {
        let v = given.xyz; let parts = frexp(given.w); let split = modf(given * 1.5);
        out[0] = dot(v, v); out[1] = length(v); let c = cross(v, v.zxy); out[2] = c.x; out[3] = c.y;
        out[4] = parts.fract; out[5] = f32(parts.exp); out[6] = split.fract.x; out[7] = split.whole.w;
        out[8] = bitcast<f32>(pack2x16float(given.xy)); let h = bitcast<vec2h>(pack2x16float(given.xy)); out[9] = f32(h.y);
        out[10] = select(0.0, 1.0, all(v == given.xyz) && !any(v != given.xyz)); out[11] = f32(dot(vec2i(v.xy), vec2i(3, -4)));
      }`;
    runBoth(code, { out, given: new Float32Array([1, 2, 2, 12]) });
    expect([...out]).toEqual([9, 3, 2, 2, 0.75, 4, 0.5, 18, floatOf((halfBits(2) << 16) | halfBits(1)), 2, 1, -5]);
  });
});

describe("memory", () => {
  test("layouts of structs, vectors of three, matrices and f16 are WGSL's", () => {
    const words = new Uint32Array(32);
    const halves = new Uint16Array(words.buffer);
    words.set([11, 0, 0, 0, ...[1, 2, 3].map(floatBits), 4]);
    halves.set([1, 2, 3, 4, 5, 6, 7, 8].map(halfBits), 16);
    const out = new Float32Array(16);
    const code = `enable f16; struct Row { n: u32, v: vec3f, m: u32, h: mat2x3h, }
      @group(0) @binding(0) var<storage, read_write> rows: array<Row>;
      @group(0) @binding(1) var<storage, read_write> out: array<f32>;
      @compute @workgroup_size(2) fn main(@builtin(local_invocation_index) lane: u32) {
        if lane == 1 { rows[1] = rows[0]; rows[1].v.y = 9; rows[1].h[lane][2] = 0.5h; }
        if lane == 0 { let row = rows[0]; out[0] = f32(row.n); out[1] = row.v.z; out[2] = f32(row.m); out[3] = f32(row.h[1].x); out[4] = f32(arrayLength(&rows)); }
      }`;
    runBoth(code, { rows: words, out });
    expect([...out.subarray(0, 5)]).toEqual([11, 3, 4, 5, 2]);
    expect([...words.subarray(12, 20)]).toEqual([11, 0, 0, 0, floatBits(1), floatBits(9), floatBits(3), 4]);
    expect([...halves.subarray(40, 47)].map(halfOf)).toEqual([1, 2, 3, 0, 5, 6, 0.5]);
  });

  test("loads out of bounds give 0, stores are dropped, each site is listed once", () => {
    const words = new Uint32Array(10).fill(7);
    const code = `struct Table { rows: array<array<u32, 2>, 2>, rest: array<vec2u> }
      @group(0) @binding(0) var<storage, read_write> table: Table;
      var<workgroup> shared_words: array<u32, 4>;
      @compute @workgroup_size(8) fn main(@builtin(local_invocation_index) lane: u32) {
        var own = array(1u, 1, 1);
        let a = table.rows[1][lane];
        let b = table.rest[lane - 4].y;
        shared_words[lane] = 5;
        own[lane] = a + b;
        table.rows[lane][0] = own[2] + shared_words[3];
        table.rows[lane << 29][lane % 2] = 1 + lane;
        table.rest[lane << 29].x = arrayLength(&table.rest) + lane + atomicAdd(&counts[lane], 1u);
      }
      var<workgroup> counts: array<atomic<u32>, 2>;`;
    const { outOfBounds } = runBoth(code, { table: words });
    const sites = [
      "table.rows[1][lane]",
      "table.rest[lane - 4].y",
      "shared_words[lane]",
      "own[lane]",
      "table.rows[lane][0]",
      "table.rows[lane << 29][lane % 2]",
      "table.rest[lane << 29].x",
      "atomicAdd(&counts[lane]",
    ];
    expect(outOfBounds.map(({ at }) => at).sort((x, y) => x - y)).toEqual(sites.map((site) => code.indexOf(site)));
    expect([...words]).toEqual([1, 7, 6, 7, 3, 7, 7, 7, 7, 7]);
  });

  test("atomics go lane by lane", () => {
    const [out, counts] = [new Uint32Array(64), new Int32Array(4)];
    const code = `@group(0) @binding(0) var<storage, read_write> out: array<u32>;
      @group(0) @binding(1) var<storage, read_write> counts: array<atomic<i32>, 4>;
      var<workgroup> taken: atomic<u32>;
      @compute @workgroup_size(64) fn main(@builtin(local_invocation_index) lane: u32) {
        out[lane] = atomicAdd(&taken, 2u);
        atomicMax(&counts[0], i32(lane) - 60); atomicMin(&counts[1], -i32(lane)); atomicXor(&counts[2], i32(lane + 1));
        let found = atomicCompareExchangeWeak(&counts[3], i32(lane), i32(lane) + 1);
        if !found.exchanged || found.old_value != i32(lane) { out[lane] = 1000; }
        workgroupBarrier();
        if lane == 63 { out[lane] += atomicLoad(&taken) * 1000; atomicStore(&taken, 0xffffffffu); out[0] = atomicSub(&taken, 1u); }
      }`;
    runBoth(code, { out, counts });
    expect([...out]).toEqual(forLanes((lane) => (lane === 0 ? 0xffffffff : lane === 63 ? 126 + 128000 : 2 * lane)));
    expect([...counts]).toEqual([3, -63, 64, 64]);
  });

  test("workgroup memory and variables are zero, private ones have their initial value, in each workgroup", () => {
    const out = new Uint32Array(6);
    const code = `@group(0) @binding(0) var<storage, read_write> out: array<u32>;
      var<workgroup> count: u32; var<private> kept = vec2u(5, 6); var<private> empty: array<u32, 2>;
      @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
        var own: u32; own += 1; kept.y += own; empty[group.x] += 1;
        if lane == 2 { count += kept.x + kept.y + empty[0] + empty[1]; }
        workgroupBarrier();
        if lane == 0 { out[group.x + 3 * group.y] = count; }
      }`;
    runBoth(code, { out }, { workgroups: [2, 2, 1] });
    expect([...out]).toEqual([13, 13, 0, 13, 13, 0]);
  });

  test("builtin values", () => {
    const out = new Uint32Array(24 * 8 * 14);
    const code = `struct Grid { @builtin(num_workgroups) count: vec3u, @builtin(workgroup_id) id: vec3u }
      @group(0) @binding(0) var<storage, read_write> out: array<u32>;
      @compute @workgroup_size(3, 2, 4) fn main(grid: Grid, @builtin(local_invocation_id) local: vec3u,
        @builtin(global_invocation_id) global: vec3u, @builtin(local_invocation_index) lane: u32) {
        let i = ((grid.id.z * 2 + grid.id.y) * 2 + grid.id.x) * 24 + lane;
        out[i] = global.x + 100 * global.y + 10000 * global.z;
        out[i + 24 * 8] = local.x + 10 * local.y + 100 * local.z + 1000 * grid.count.x + 10000 * grid.count.y + 100000 * grid.count.z;
      }`;
    runBoth(code, { out }, { workgroups: [2, 2, 2] });
    expect([...out.subarray(0, 24 * 8)]).toEqual(
      Array.from({ length: 24 * 8 }, (_, i) => {
        const [lane, group] = [i % 24, Math.floor(i / 24)];
        const [x, y, z] = [lane % 3, Math.floor(lane / 3) % 2, Math.floor(lane / 6)];
        return (
          x + 3 * (group % 2) + 100 * (y + 2 * (Math.floor(group / 2) % 2)) + 10000 * (z + 4 * Math.floor(group / 4))
        );
      }),
    );
    expect(out[24 * 8 + 23]).toBe(2 + 10 + 300 + 222000);
  });
});

describe("limits", () => {
  const code = `@group(0) @binding(0) var<storage, read_write> out: array<u32>; @group(0) @binding(1) var<storage, read> given: array<u32>;
    @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) lane: u32) { out[lane] = given[lane]; }`;
  const words = () => new Uint32Array(4);

  test("buffers that are missing, too short, or shared by a variable that is written", () => {
    expect(() => runText(code, { out: words() })).toThrow(/given has no buffer/);
    expect(() => runText(code, { out: words(), given: new Uint32Array(0) })).toThrow(/given has 0 bytes/);
    const both = words();
    expect(() => runText(code, { out: both, given: both })).toThrow(/one buffer/);
  });

  test("options out of range", () => {
    const given = { out: words(), given: words() };
    expect(() => runText(code, given, { subgroupSize: 12 })).toThrow(RangeError);
    expect(() => runText(code, given, { workgroups: [1, -1, 1] })).toThrow(RangeError);
  });

  test("variables that are too large are refused before memory is taken", () => {
    const large = (declaration: string, statement: string) => `${declaration}
      @compute @workgroup_size(256) fn main(@builtin(local_invocation_index) lane: u32) { ${statement} }`;
    expect(() => runText(large("", "var x: array<f32, 65536>; x[lane] = 1;"), {})).toThrow(WgslError);
    expect(() => runText(large("", "var x: array<f32, 1000000>; x[lane] = 1;"), {})).toThrow(/more than 65536 num/);
    expect(() => runText(large("var<workgroup> x: array<vec4f, 9999999>;", "x[lane].x = 1;"), {})).toThrow(WgslError);
    const copies = "y = x; x = y; ".repeat(40);
    const both = `var x: array<f32, 60000>; var y: array<f32, 60000>; ${copies}`;
    expect(() => runText(large("", both).replace("256", "1"), {})).toThrow(/large values/);
  });
});

test("a text of 100 kB is run", () => {
  const count = 2600;
  const statements = Array.from({ length: count }, (_, i) => `  out[lane] = out[lane] * 31u + ${i}u + lane;`);
  const code = `@group(0) @binding(0) var<storage, read_write> out: array<u32>;
    @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) lane: u32) {\n${statements.join("\n")}\n}`;
  expect(code.length).toBeGreaterThan(100_000);
  const out = new Uint32Array(4);
  runBoth(code, { out });
  const hash = (lane: number) => statements.reduce((sum, _, i) => (Math.imul(sum, 31) + i + lane) >>> 0, 0);
  expect([...out]).toEqual(forLanes(hash, 4));
});

test("print collects values of lanes, up to a limit", () => {
  const code = `@group(0) @binding(0) var<storage, read> given: array<f32>;
    @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
      if lane % 2 == 1 { print(lane, vec2f(given[0], -1.5), lane > 2); }
    }`;
  const given = { given: new Float32Array([0.5]) };
  const { prints, droppedPrints } = runText(code, given, { workgroups: [1, 2, 1], maxPrints: 3 });
  const at = code.indexOf("print");
  expect(prints.map(({ lane, workgroup, values }) => ({ lane, workgroup, values }))).toEqual([
    { lane: 1, workgroup: [0, 0, 0], values: [1, 0.5, -1.5, 0] },
    { lane: 3, workgroup: [0, 0, 0], values: [3, 0.5, -1.5, 1] },
    { lane: 1, workgroup: [0, 1, 0], values: [1, 0.5, -1.5, 0] },
  ]);
  expect(prints.every((one) => one.at === at)).toBe(true);
  expect(prints[2]?.step).toBeGreaterThan(prints[1]?.step ?? 0);
  expect(droppedPrints).toBe(1);
});

test("a product of constant matrices is rounded as in a run, builtin values come by an alias, calls are deep", () => {
  const count = 3000;
  const calls = Array.from({ length: count }, (_, i) => `fn f${i}() -> u32 { return 1 + f${i + 1}(); }`).join("\n");
  const code = `
    struct Inputs { @builtin(local_invocation_index) lane: u32 }
    alias In = Inputs;
    ${calls} fn f${count}() -> u32 { return 0; }
    const M = mat3x3f(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9);
    @group(0) @binding(0) var<storage, read_write> out: array<u32>;
    @compute @workgroup_size(4) fn main(in: In) {
      const known = M * M * vec3f(1.1, 2.3, 3.7);
      let m = M;
      let found = m * m * vec3f(1.1, 2.3, 3.7);
      out[in.lane] = f0() + in.lane + select(9u, 0u, all(known == found));
    }`;
  const out = new Uint32Array(4);
  runBoth(code, { out });
  expect([...out]).toEqual([count, count + 1, count + 2, count + 3]);
});
