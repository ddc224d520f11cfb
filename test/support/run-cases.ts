import { expect, test } from "vitest";
import type { Gpu } from "../../src/gpu/gpu.ts";
import type { Dense } from "../../src/reference/dense.ts";
import { type DType, decode, encode } from "../../src/tensor/dtype.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { Tensor, tensor, upload } from "../../src/tensor/tensor.ts";
import { assertClose, nmseCaps } from "./compare.ts";

/** Values of one input, rounded to `dtype` (default f32) before anybody sees them. */
export interface CaseInput {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
  readonly dtype?: DType;
}

/** One named shape of an op, with inputs and options. */
export interface Case {
  readonly name: string;
  readonly inputs: Readonly<Record<string, CaseInput>>;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Variants that must refuse this case, by name; every other one must take it. */
  readonly refusedBy?: readonly string[];
}

type Tensors = Readonly<Record<string, Tensor>>;
type Options = Readonly<Record<string, unknown>>;

/** An op described once: tests and benchmarks run this over the variant table. */
export interface CaseTable {
  readonly op: string;
  readonly reference: (inputs: Record<string, Dense>, options: Options) => Record<string, Dense>;
  readonly variants: Readonly<Record<string, (gpu: Gpu, tensors: Tensors, options: Options) => Tensors>>;
  readonly cases: readonly Case[];
  /** NMSE cap; default that of f32 results. 0 asks for equality. */
  readonly cap?: number;
  /** Element types of results that are not f32. */
  readonly dtypes?: Readonly<Record<string, DType>>;
  /** False for ops that take no `into`: their results are not framed by canaries. */
  readonly canaries?: boolean;
}

const canary = 12345.678;
const frame = 64; // elements before and after: 256 bytes, so that the view can be bound

/** The input as it is stored, as numbers: what the reference computes on. */
export function stored(input: CaseInput): Dense {
  const dtype = input.dtype ?? "f32";
  return { shape: input.shape, values: decode(dtype, encode(dtype, input.values)) };
}

/** A result tensor full of NaN between two canaries. */
function framed(gpu: Gpu, shape: readonly number[]): { view: Tensor; whole: Tensor } {
  const size = sizeOf(shape);
  const values = new Float32Array(size + 2 * frame).fill(Number.NaN);
  values.fill(canary, 0, frame).fill(canary, frame + size);
  const whole = upload(gpu, [values.length], "f32", values, "framed result");
  return { view: new Tensor(gpu, shape, "f32", whole.segments, undefined, frame), whole };
}

/** Runs one case on one variant and throws where it differs from the reference. */
export async function runCase(gpu: Gpu, table: CaseTable, variant: string, item: Case): Promise<void> {
  const what = `${table.op} ${variant}, ${item.name}`;
  const options = item.options ?? {};
  const references = Object.fromEntries(Object.entries(item.inputs).map(([name, input]) => [name, stored(input)]));
  const expected = table.reference(references, options);
  const tensors: Record<string, Tensor> = {};
  for (const [name, { shape, values, dtype }] of Object.entries(item.inputs)) {
    tensors[name] = tensor(gpu, shape, values, dtype);
  }
  const frames: Record<string, { view: Tensor; whole: Tensor }> = {};
  if (table.canaries !== false) {
    for (const [name, { shape }] of Object.entries(expected)) {
      if (!(name in item.inputs) && (table.dtypes?.[name] ?? "f32") === "f32" && sizeOf(shape) > 0) {
        frames[name] = framed(gpu, shape);
      }
    }
  }
  const into = Object.fromEntries(Object.entries(frames).map(([name, { view }]) => [name, view]));
  const run = table.variants[variant];
  if (!run) throw new Error(`${table.op} has no variant ${variant}`);
  if (item.refusedBy?.includes(variant)) {
    expect(() => run(gpu, tensors, { ...options, into })).toThrow();
    return;
  }
  const results = run(gpu, tensors, Object.keys(into).length > 0 ? { ...options, into } : options);
  for (const [name, { shape, values }] of Object.entries(expected)) {
    const result = results[name];
    if (!result) throw new Error(`${what}: there is no result ${name}`);
    expect(result.shape, `${what}: shape of ${name}`).toEqual([...shape]);
    assertClose(await result.read(), values, table.cap ?? nmseCaps.f32, `${what}: ${name}`);
    const around = frames[name];
    if (!around) continue;
    const memory = await around.whole.read();
    const broken = memory.findIndex(
      (value, i) => (i < frame || i >= memory.length - frame) && value !== Math.fround(canary),
    );
    if (broken >= 0) throw new Error(`${what}: ${name} wrote outside, at element ${broken - frame}`);
  }
  for (const item of [
    ...Object.values(tensors),
    ...Object.values(results),
    ...Object.values(frames).map((f) => f.whole),
  ]) {
    item.dispose();
  }
}

/** Declares a test for every case on every variant. */
export function testCases(gpu: () => Gpu, table: CaseTable): void {
  for (const variant of Object.keys(table.variants)) {
    for (const item of table.cases) {
      test(`${table.op} ${variant}: ${item.name}`, () => runCase(gpu(), table, variant, item));
    }
  }
}
