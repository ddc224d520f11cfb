import type { Gpu } from "../gpu/gpu.ts";
import type { Dense } from "../reference/dense.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { type Framed, framed } from "./canaries.ts";
import { type Case, type CaseInput, type CaseTable, missingFeatures, stored } from "./case-table.ts";
import type { Allowed } from "./gate.ts";
import { mapNamed, type Named } from "./named.ts";

/** One result of a variant, and what it is held against. */
export interface CaseResult {
  readonly name: string;
  readonly actual: Float64Array;
  /** What the reference gives. */
  readonly expected: Float64Array;
  /** What plain f32 loops give, where the table has such. */
  readonly emulated: Float64Array | undefined;
  /** Ulps that builtins are allowed. */
  readonly allowed: Allowed;
  /** The first element outside of the result that was overwritten, counted from its first; undefined where none was. */
  readonly outside: number | undefined;
}

type Inputs<Names extends string> = { readonly inputs: Named<Names, CaseInput> };

/** The inputs of a case as they are stored: what the reference computes on. */
export const storedInputs = <Names extends string>({ inputs }: Inputs<Names>): Named<Names, Dense> =>
  mapNamed(inputs, stored);

/** The inputs of a case on a device. */
export const uploadedInputs = <Names extends string>(gpu: Gpu, { inputs }: Inputs<Names>): Named<Names, Tensor> =>
  mapNamed(inputs, ({ shape, values, dtype }: CaseInput) => tensor(gpu, shape, values, dtype));

/** Whether a variant must refuse a case on this device: as the case has it, or for want of a feature. */
export const mustRefuse = (gpu: Gpu, table: CaseTable, variant: string, { refusedBy = [] }: Case): boolean =>
  refusedBy.includes(variant) || missingFeatures(table, variant, gpu).length > 0;

/**
 * Runs one case on one variant, f32 results in memory that is NaN and lies between canaries, and reads what comes of it.
 * Throws where a result is missing, or of another shape than the reference's, and what the variant throws.
 */
export async function runCase(gpu: Gpu, table: CaseTable, variant: string, item: Case): Promise<CaseResult[]> {
  const what = `${table.op} ${variant}, ${item.name}`;
  const options = item.options ?? {};
  const inputs = storedInputs(item);
  const expected = table.reference(inputs, options);
  const emulated = table.gate?.emulation(inputs, options, variant);
  const allowed = table.gate?.allowed?.(inputs, variant) ?? 0;
  const tensors = uploadedInputs(gpu, item);
  const frames = framesOf(gpu, table, item, expected);
  const used: Tensor[] = [...Object.values(tensors), ...Object.values(frames).map(({ whole }) => whole)];
  try {
    const results = table.run(gpu, tensors, { ...options, ...into(frames) }, variant);
    used.push(...Object.values(results));
    const found: CaseResult[] = [];
    for (const [name, { shape, values }] of Object.entries(expected)) {
      const result = results[name];
      if (!result) throw new Error(`${what}: there is no result ${name}`);
      if (result.shape.join() !== shape.join()) {
        throw new Error(`${what}: ${name} is [${result.shape.join(", ")}], expected [${shape.join(", ")}]`);
      }
      const actual = await result.read();
      const outside = await frames[name]?.outside();
      found.push({ name, actual, expected: values, emulated: emulated?.[name]?.values, allowed, outside });
    }
    return found;
  } finally {
    for (const one of new Set(used)) one.dispose();
  }
}

/** Memory between canaries for the f32 results that are no inputs changed in place and have any elements. */
function framesOf(
  gpu: Gpu,
  { canaries = true, dtypes = {} }: CaseTable,
  { inputs }: Case,
  expected: Readonly<Record<string, Dense>>,
): Record<string, Framed> {
  if (!canaries) return {};
  const ours = Object.entries(expected).filter(
    ([name, { values }]) => !(name in inputs) && (dtypes[name] ?? "f32") === "f32" && values.length > 0,
  );
  return Object.fromEntries(ours.map(([name, { shape }]) => [name, framed(gpu, shape)]));
}

/** The memory as ops take it; nothing where there is none. */
const into = (frames: Readonly<Record<string, Framed>>) => {
  const views = Object.entries(frames).map(([name, { view }]): [string, Tensor] => [name, view]);
  return views.length > 0 ? { into: Object.fromEntries(views) } : {};
};
