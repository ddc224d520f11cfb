import type { Gpu } from "../gpu/gpu.ts";
import type { Dense } from "../reference/dense.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { type Framed, framed } from "./canaries.ts";
import {
  type Case,
  type CaseInput,
  type CaseTable,
  checkCaseTable,
  checkInputs,
  checkItem,
  checkVariant,
  missingFeatures,
  stored,
} from "./case-table.ts";
import { inTurn, type Sum } from "./emulation/sums.ts";
import type { Allowed } from "./gate.ts";
import { mapNamed, type Named } from "./named.ts";

/** One result of a variant, and the values to compare it with. */
export interface CaseResult {
  readonly name: string;
  readonly actual: Float64Array;
  /** The reference's values. */
  readonly expected: Float64Array;
  /** The values of plain f32 loops, where the table has them. */
  readonly emulated: Float64Array | undefined;
  /** Ulps allowed to builtins. */
  readonly allowed: Allowed;
  /**
   * Index of the first element outside of the result that was overwritten, relative to its first; undefined where none
   * was.
   */
  readonly outside: number | undefined;
}

type Inputs<Names extends string> = { readonly inputs: Named<Names, CaseInput> };

/** The stored values of a case's inputs, on which the reference computes. */
export function storedInputs<Names extends string>(item: Inputs<Names>): Named<Names, Dense> {
  checkInputs("storedInputs", item);
  return mapNamed(item.inputs, stored);
}

/** The inputs of a case on a device. */
export function uploadedInputs<Names extends string>(gpu: Gpu, item: Inputs<Names>): Named<Names, Tensor> {
  checkInputs("uploadedInputs", item);
  return mapNamed(item.inputs, ({ shape, values, dtype }: CaseInput) => tensor(gpu, shape, values, dtype));
}

/**
 * Whether a variant must refuse a case on this device: because the case says so, or for lack of a feature or buffers.
 */
export const mustRefuse = (gpu: Gpu, table: CaseTable, variant: string, { refusedBy = [], buffers }: Case): boolean =>
  refusedBy.includes(variant) ||
  missingFeatures(table, variant, gpu).length > 0 ||
  (buffers?.[variant] ?? 0) > gpu.limits.storageBuffers;

/** Values computed once for all variants of a case. */
interface Oracle {
  readonly of: Pick<CaseTable, "reference" | "gate">;
  readonly inputs: Named<string, Dense>;
  readonly expected: Named<string, Dense>;
  readonly emulated: Map<Sum, Named<string, Dense>>;
}
const oracles = new WeakMap<Case, Oracle>();

/** The stored inputs of a case, the reference's results and those of plain f32 loops. */
function oracleOf(table: CaseTable, variant: string, item: Case) {
  const options = item.options ?? {};
  let oracle = oracles.get(item);
  if (oracle?.of.reference !== table.reference || oracle.of.gate !== table.gate) {
    const inputs = storedInputs(item);
    oracle = { of: table, inputs, expected: table.reference(inputs, options), emulated: new Map() };
    oracles.set(item, oracle);
  }
  const { inputs, expected } = oracle;
  const sum = table.gate?.sum?.(variant) ?? inTurn;
  const emulated = oracle.emulated.get(sum) ?? table.gate?.emulation(inputs, options, sum);
  if (emulated) oracle.emulated.set(sum, emulated);
  return { inputs, expected, emulated };
}

/**
 * Runs one case on one variant, with f32 results in NaN memory between canaries, and reads the results. Throws where a
 * result is missing or its shape differs from the reference's, and any error of the variant.
 */
export async function runCase(gpu: Gpu, table: CaseTable, variant: string, item: Case): Promise<CaseResult[]> {
  checkCaseTable("runCase", table);
  checkVariant("runCase", table, variant);
  checkItem("runCase", item);
  const what = `${table.op} ${variant}, ${item.name}`;
  const options = item.options ?? {};
  const { inputs, expected, emulated } = oracleOf(table, variant, item);
  const allowed = table.gate?.allowed?.(inputs, variant, options) ?? 0;
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

/** Memory between canaries for the f32 results that are not empty and not inputs changed in place. */
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

/** The memory as passed to ops; no field where they allocate it. */
const into = (frames: Readonly<Record<string, Framed>>) => {
  const views = Object.entries(frames).map(([name, { view }]): [string, Tensor] => [name, view]);
  return views.length > 0 ? { into: Object.fromEntries(views) } : {};
};
