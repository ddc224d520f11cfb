import { checkProgram } from "../../../../src/wgsl/run/check/program.ts";
import type { Float64Comparison } from "../../../../src/wgsl/run/float64/comparison.ts";
import { compareWithFloat64, type Elements } from "../../../../src/wgsl/run/float64/elements.ts";
import { type Float64Options, runFloat64 } from "../../../../src/wgsl/run/float64/float64.ts";
import type { Variable } from "../../../../src/wgsl/run/program.ts";
import { type Given, runText } from "../run-text.ts";

/** A buffer that a text writes: in float64, and as the interpreter leaves it. */
export interface Written {
  readonly elements: Elements;
  readonly plain: ArrayBuffer;
  readonly comparison: Float64Comparison;
}

type Options = Partial<Omit<Float64Options, "buffers">>;

/** Runs the one entry point of a text in float64 and plainly; there is one workgroup unless given. By variables' names. */
export function runBothWays(code: string, given: Given, options: Options = {}): Readonly<Record<string, Written>> {
  const [entry] = [...checkProgram(code).entryPoints.values()];
  if (!entry) throw new Error("no entry point");
  const buffers = new Map<Variable, ArrayBuffer>();
  for (const variable of entry.function.uses) {
    const numbers = given[variable.name];
    if (variable.binding && numbers) buffers.set(variable, numbers.buffer);
  }
  const workgroups = [1, 1, 1] as const;
  const { results } = runFloat64(entry, Object.assign({ workgroups, buffers }, options));
  const { subgroupSize = 32, workgroups: own = workgroups } = options;
  runText(code, given, { subgroupSize, workgroups: own });
  return Object.fromEntries(
    [...results].map(([variable, elements]) => {
      const plain = buffers.get(variable) as ArrayBuffer;
      return [variable.name, { elements, plain, comparison: compareWithFloat64(elements, plain) }];
    }),
  );
}

/**
 * What a body computes for each of `x.length` lanes: it sets `result`, an f32, from `lane`, `x[lane]`, `y[lane]`,
 * `z[lane]` and `n[lane]`, a u32.
 */
export function resultsInFloat64(
  body: string,
  x: readonly number[],
  { y = x, z = x, n = x.map(() => 0), helpers = "" }: Operands = {},
  options: Options = {},
): Written {
  const code = `enable subgroups; enable f16; ${helpers}
    @group(0) @binding(0) var<storage, read> x: array<f32>;
    @group(0) @binding(1) var<storage, read> y: array<f32>;
    @group(0) @binding(2) var<storage, read> z: array<f32>;
    @group(0) @binding(3) var<storage, read> n: array<u32>;
    @group(0) @binding(4) var<storage, read_write> out: array<f32>;
    var<workgroup> shared_floats: array<f32, 64>;
    var<workgroup> shared_words: array<atomic<u32>, 64>;
    @compute @workgroup_size(${x.length}) fn main(@builtin(local_invocation_index) lane: u32) {
      var result = 0.0; ${body} out[lane] = result;
    }`;
  const given = {
    x: Float32Array.from(x),
    y: Float32Array.from(y),
    z: Float32Array.from(z),
    n: Uint32Array.from(n),
    out: new Float32Array(x.length),
  };
  return runBothWays(code, given, options)["out"] as Written;
}

interface Operands {
  readonly y?: readonly number[];
  readonly z?: readonly number[];
  readonly n?: readonly number[];
  readonly helpers?: string;
}
