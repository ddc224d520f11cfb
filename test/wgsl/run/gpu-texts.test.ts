import { describe, expect, test } from "vitest";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { classOf } from "../../../src/wgsl/run/equality.ts";
import type { EntryPoint, Variable } from "../../../src/wgsl/run/program.ts";
import { first } from "../../support/first-tier.ts";
import { differentBits } from "./differences.ts";
import { devices, lackOf } from "./gpu-devices.ts";
import { edges, numbers } from "./gpu-texts/frame.ts";
import { type Functions, functionArguments, functionsOf } from "./gpu-texts/functions.ts";
import { laneTexts } from "./gpu-texts/lanes.ts";
import { numberTexts } from "./gpu-texts/numbers.ts";
import { statementTexts } from "./gpu-texts/statements.ts";
import { runOnBoth } from "./run-on-gpu.ts";

type Numbers = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

const buffersOf =
  (given: Readonly<Record<string, Numbers>>) =>
  ({ function: { uses } }: EntryPoint): Map<Variable, ArrayBuffer> => {
    const resources = [...uses].filter(({ binding }) => binding !== undefined);
    return new Map(resources.map((variable) => [variable, (given[variable.name] as Numbers).slice().buffer]));
  };

const smallTexts = { ...numberTexts, ...statementTexts, ...laneTexts };

/** How much results of functions may differ, in units of 2^-24 of the largest result of each (2^-11 of f16), unless WGSL is rough. */
const within = 16;
const roughly = 2 ** -11;

/** Functions of which a result is too far from the GPU's. */
function different(
  { expressions, isRough, rows, columns }: Functions,
  unit: number,
  [a, b]: readonly Float32Array[],
): string[] {
  return expressions.flatMap((expression, k) => {
    const results = Array.from({ length: rows }, (_, row) => row * columns + k).map((i): [number, number] => [
      a?.[i] ?? 0,
      b?.[i] ?? 0,
    ]);
    const largest = Math.max(...results.map(([ours]) => (Number.isFinite(ours) ? Math.abs(ours) : 0)));
    const allowed = isRough(k) ? Math.max(roughly * Math.max(1, largest), within * unit) : within * unit * largest;
    const wrong = results.find(
      ([ours, gpus]) => !(Object.is(ours, gpus) || (Number.isFinite(ours) && Math.abs(ours - gpus) <= allowed)),
    );
    return wrong ? [`${expression}: ${wrong[0]}, on the GPU ${wrong[1]}`] : [];
  });
}

async function wrongFunctions(gpu: Gpu, functions: Functions, unit: number): Promise<string[]> {
  const { code, rows, columns, workgroups } = functions;
  const given = { ...functionArguments, out: new Float32Array(columns * rows) };
  const { pairs } = await runOnBoth(gpu, code, buffersOf(given), workgroups);
  const [pair] = pairs;
  return different(functions, unit, [new Float32Array(pair?.interpreted ?? []), new Float32Array(pair?.onGpu ?? [])]);
}

describe.each([...(await devices())])("on %s and in the interpreter", (_, gpu) => {
  const size = gpu.adapter.subgroupSize ?? 0;

  for (const [name, { codeWith, needs, puts, lanes, buffers, workgroups, isExact }] of Object.entries(smallTexts)) {
    test(`${name}: the same bits`, first, async ({ skip }) => {
      const lack = lackOf(gpu, needs);
      skip(lack !== undefined, lack);
      const spare = needs.includes("subgroups") ? size : 0;
      const given = { edges, numbers, out: new Uint32Array((puts + spare) * lanes), ...buffers };
      const { entry, pairs, outOfBounds } = await runOnBoth(gpu, codeWith(spare), buffersOf(given), workgroups);
      expect(classOf(entry)).toBe(isExact ? "bound" : "bits");
      expect(pairs.flatMap(differentBits).slice(0, 5)).toEqual([]);
      expect(outOfBounds).toEqual([]);
    });
  }

  test("functions of f32: nearly the same numbers", first, async ({ skip }) => {
    const lack = lackOf(gpu, ["subgroups"]);
    skip(lack !== undefined, lack);
    expect(await wrongFunctions(gpu, functionsOf("f32", size), 2 ** -24)).toEqual([]);
  });

  test("functions of f16: nearly the same numbers", first, async ({ skip }) => {
    const lack = lackOf(gpu, ["subgroups", "shader-f16"]);
    skip(lack !== undefined, lack);
    expect(await wrongFunctions(gpu, functionsOf("f16", size), 2 ** -11)).toEqual([]);
  });

  // What Dawn makes of such a variable keeps its value, at least in Vulkan.
  test("a variable of a loop is zero in each turn; on this GPU it is not", async ({ skip }) => {
    skip(!gpu.adapter.software, "not known");
    const code = `@group(0) @binding(0) var<storage, read_write> out: array<u32>;
      @compute @workgroup_size(1) fn main() {
        for (var turn = 0u; turn < 4; turn++) { var fresh: u32; fresh += 1; out[turn] = fresh; }
      }`;
    const { pairs } = await runOnBoth(gpu, code, buffersOf({ out: new Uint32Array(4) }), [1, 1, 1]);
    expect(pairs.map(({ interpreted }) => [...new Uint32Array(interpreted)])).toEqual([[1, 1, 1, 1]]);
    expect(pairs.map(({ onGpu }) => [...new Uint32Array(onGpu)])).toEqual([[1, 2, 3, 4]]);
  });
});
