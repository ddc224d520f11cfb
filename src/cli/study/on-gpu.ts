// Runs a text on the GPU as well, with what it prints, and compares both.
import type { Gpu } from "../../gpu/gpu.ts";
import { differencesOf, haveSameBytes, toleranceOf } from "../../study/differences.ts";
import { isWritten, runOnGpu } from "../../study/on-gpu.ts";
import { entryOf } from "../../wgsl/run/bindings.ts";
import { checkProgram } from "../../wgsl/run/check/program.ts";
import { classOf } from "../../wgsl/run/equality.ts";
import { runFloat64 } from "../../wgsl/run/float64/float64.ts";
import { differentPrints } from "../../wgsl/run/print/compare.ts";
import { instrumentPrints } from "../../wgsl/run/print/instrument.ts";
import type { EntryPoint, Variable } from "../../wgsl/run/program.ts";
import { bindingName, type PrintedLine } from "../../wgsl/run/results.ts";
import type { ScalarName } from "../../wgsl/run/types.ts";

type Buffers = ReadonlyMap<Variable, ArrayBuffer>;

/** What a GPU left, and whether that is what the interpreter left. */
export interface OnGpu {
  readonly buffers: Buffers;
  readonly prints: readonly Omit<PrintedLine, "step">[];
  /** "bits": all operations are exact, bits are compared. "bound": floats may differ by roundings. */
  readonly class: "bits" | "bound";
  readonly equal: boolean;
  /** What the GPU's compiler said, where it takes the text as wrong: nothing ran then. */
  readonly refused?: string;
}

/**
 * Runs an entry point on the GPU.
 *
 * @param given What buffers held before.
 * @param interpreted What the interpreter left in them.
 */
export async function runAlsoOnGpu(
  gpu: Gpu,
  text: { readonly code: string; readonly workgroups: readonly [number, number, number] },
  entry: EntryPoint,
  given: Buffers,
  interpreted: Buffers,
  prints: readonly PrintedLine[],
  subgroupSize: number,
): Promise<OnGpu> {
  const { code, buffer: printed } = instrumentPrints(text.code, entry, { limits: gpu.device.limits });
  const own = entryOf(checkProgram(code), entry.name);
  const byName = new Map([...given].map(([variable, bytes]) => [bindingName(variable), bytes]));
  const printName = printed && `${printed.group}.${printed.binding}`;
  const buffers = new Map<Variable, ArrayBuffer>();
  for (const variable of own.function.uses) {
    if (!variable.binding) continue;
    const name = bindingName(variable);
    const bytes = name === printName ? new ArrayBuffer(printed?.bytes ?? 0) : byName.get(name);
    buffers.set(variable, bytes ?? new ArrayBuffer(0));
  }
  const exactness = classOf(entry);
  const left = await runOnGpu(gpu.device, code, own, buffers, text.workgroups).catch((cause: unknown) => {
    const refused = cause instanceof Error ? cause.message : String(cause);
    return { buffers: new Map(), prints: [], class: exactness, equal: false, refused };
  });
  if ("refused" in left) return left;
  const leftByName = new Map([...left].map(([variable, bytes]) => [bindingName(variable), bytes]));
  const onGpu = new Map(
    [...interpreted].map(([variable, { byteLength }]) => {
      const bytes = leftByName.get(bindingName(variable)) ?? given.get(variable);
      return [variable, bytes ?? new ArrayBuffer(byteLength)];
    }),
  );
  const lines = printed?.read(leftByName.get(printName ?? "") ?? new ArrayBuffer(0)).prints ?? [];
  const exact =
    exactness === "bits" ? undefined : runFloat64(entry, { workgroups: text.workgroups, buffers: given, subgroupSize });
  const areSame = [...interpreted].every(([variable, ours]) => {
    const theirs = onGpu.get(variable) as ArrayBuffer;
    if (!isWritten(variable)) return true;
    const elements = exact?.results.get(variable);
    return elements ? differencesOf(elements, ours, theirs).length === 0 : haveSameBytes(ours, theirs);
  });
  const areNearby = (a: number, b: number, type: ScalarName) =>
    exactness === "bound" && Math.abs(a - b) <= toleranceOf(type) * Math.abs(a);
  const arePrintsSame = differentPrints(prints, lines, areNearby).length === 0;
  return { buffers: onGpu, prints: lines, class: exactness, equal: areSame && arePrintsSame };
}
