import type { Gpu } from "../gpu/gpu.ts";
import { sizeOf } from "../tensor/shape.ts";
import { Tensor, tensor, upload } from "../tensor/tensor.ts";
import { type Case, type CaseTable, missingFeatures, stored } from "./case-table.ts";
import { assertClose, nmseCaps } from "./compare.ts";
import { allowedOf, assertGate } from "./gate.ts";

const canary = 12345.678;
const frame = 64; // elements before and after: 256 bytes, so that the view can be bound

/** A result tensor full of NaN between two canaries. */
function framed(gpu: Gpu, shape: readonly number[]): { view: Tensor; whole: Tensor } {
  const size = sizeOf(shape);
  const values = new Float32Array(size + 2 * frame).fill(Number.NaN);
  values.fill(canary, 0, frame).fill(canary, frame + size);
  const whole = upload(gpu, [values.length], "f32", values, "framed result");
  return { view: new Tensor(gpu, shape, "f32", whole.segments, undefined, frame), whole };
}

/** Runs one case on one variant and throws where it differs from the reference. */
export async function checkCase(gpu: Gpu, table: CaseTable, variant: string, item: Case): Promise<void> {
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
  if (item.refusedBy?.includes(variant) || missingFeatures(table, variant, gpu).length > 0) {
    let refused = false;
    try {
      run(gpu, tensors, { ...options, into });
    } catch {
      refused = true;
    }
    if (!refused) throw new Error(`${what}: the variant took what it should refuse`);
    return;
  }
  const { gate } = table;
  const emulated = gate?.emulation(references, options, variant);
  const allowed = allowedOf(gate, { inputs: references, options, variant });
  const results = run(gpu, tensors, Object.keys(into).length > 0 ? { ...options, into } : options);
  for (const [name, { shape, values }] of Object.entries(expected)) {
    const result = results[name];
    if (!result) throw new Error(`${what}: there is no result ${name}`);
    if (result.shape.join() !== shape.join()) {
      throw new Error(`${what}: ${name} is [${result.shape.join(", ")}], expected [${shape.join(", ")}]`);
    }
    const actual = await result.read();
    assertClose(actual, values, table.cap ?? nmseCaps.f32, `${what}: ${name}`);
    const honest = emulated?.[name];
    if (honest) assertGate(actual, values, honest.values, allowed, `${what}: ${name}`);
    const around = frames[name];
    if (!around) continue;
    const memory = await around.whole.read();
    const broken = memory.findIndex(
      (value, i) => (i < frame || i >= memory.length - frame) && value !== Math.fround(canary),
    );
    if (broken >= 0) throw new Error(`${what}: ${name} wrote outside, at element ${broken - frame}`);
  }
  for (const used of [
    ...Object.values(tensors),
    ...Object.values(results),
    ...Object.values(frames).map((f) => f.whole),
  ]) {
    used.dispose();
  }
}
