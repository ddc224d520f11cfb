import type { Gpu } from "../gpu/gpu.ts";
import {
  anything,
  atLeast,
  boolean,
  callback,
  checkOptions,
  checkValue,
  fieldsOf,
  having,
  listOf,
  object,
  oneOf,
  recordOf,
  required,
  size,
  text,
} from "../options/checks.ts";
import { OptionError } from "../options/errors.ts";
import { numbers, shapeCheck } from "../options/lists.ts";
import type { Dense } from "../reference/dense.ts";
import { codecs } from "../tensor/formats/codecs/table.ts";
import { type DType, dtypes, roundTo } from "../tensor/formats/formats.ts";
import { provideCodecs } from "../tensor/formats/packed.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Gate } from "./gate.ts";
import type { Bare, Named } from "./named.ts";

// Cases have tensors in any format.
provideCodecs(codecs);

/** Values of one input `shape`, rounded to `dtype` (default f32) before the kernel or the reference reads them. */
export interface CaseInput {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
  readonly dtype?: DType;
}

/** Bounds on the errors of results by their names: of each element, |error| ≤ relative · |reference| + absolute. */
interface Bounds {
  readonly results: Readonly<Record<string, { readonly relative?: number; readonly absolute?: number }>>;
  /** Variants exempt from these bounds and from the cap, as their files explain. */
  readonly except?: readonly string[];
}

/** One named shape of an op, with its inputs, and with options where the op has required ones. */
export type Case<Inputs extends string = string, Options = object> = {
  readonly name: string;
  /** Tags that say what the case tests, by which cases are chosen: see {@link casesTagged}. */
  readonly tags?: readonly string[];
  readonly inputs: Named<Inputs, CaseInput>;
  /** Names of variants that must refuse this case; all others must accept it. */
  readonly refusedBy?: readonly string[];
  /** Storage buffers that a variant needs for this case, where these are more than the eight that every device has. */
  readonly buffers?: Readonly<Record<string, number>>;
  /** Bounds on the errors of elements, regardless of the errors of plain f32 loops. */
  readonly bounds?: Bounds;
} & (Record<never, never> extends Options ? { readonly options?: Options } : { readonly options: Options });

/** Memory for results to be written into; some may be absent. */
export interface GivenMemory<Outputs extends string> {
  readonly into?: { readonly [N in Bare<Outputs>]?: Tensor };
}

/**
 * An op described once, by the names of its inputs and results, its options and its variants, for tests and benchmarks.
 * Its functions are methods, so that the table of any op is also a `CaseTable` without type parameters; call them only
 * with cases of the same table.
 */
export interface CaseTable<
  Inputs extends string = string,
  Outputs extends string = string,
  Options = object,
  Variant extends string = string,
> {
  readonly op: string;
  readonly variants: readonly Variant[];
  readonly cases: readonly Case<Inputs, Options>[];
  /** The definition: float64 results from the stored inputs. */
  reference(inputs: Named<Inputs, Dense>, options: Options): Named<Outputs, Dense>;
  /** Records the op on a device, with one of its variants. */
  run(
    gpu: Gpu,
    tensors: Named<Inputs, Tensor>,
    options: Options & GivenMemory<Outputs>,
    variant: Variant,
  ): Named<Outputs, Tensor>;
  /** Device features that a variant requires; it must refuse a device without them. Default none. */
  requires?(variant: Variant): readonly string[];
  /** The cap on NMSE; default the cap of f32 results. 0 requires equality. */
  readonly cap?: number;
  /** The emulation in plain f32, whose errors results may exceed only a little. */
  readonly gate?: Gate<Inputs, Outputs, Options, Variant>;
  /** Element types of results that are not f32. */
  readonly dtypes?: { readonly [N in Bare<Outputs>]?: DType };
  /** False for ops without `into`: their results have no canaries around them. */
  readonly canaries?: boolean;
}

// Checks of arguments: each throws `OptionError`

const inputFields = fieldsOf<CaseInput>({
  shape: required(shapeCheck),
  values: required(numbers),
  dtype: oneOf(...dtypes),
});

const bound = object<Bounds["results"][string]>({ relative: atLeast(0), absolute: atLeast(0) });

const caseFields = fieldsOf<Case>({
  name: required(text),
  tags: listOf(text),
  inputs: required(recordOf(anything)), // each is checked by its name
  refusedBy: listOf(text),
  buffers: recordOf(size),
  bounds: object<Bounds>({ results: required(recordOf(bound)), except: listOf(text) }),
  options: recordOf(anything),
});

const tableFields = fieldsOf<CaseTable>({
  op: required(text),
  variants: required(listOf(text)),
  cases: required(listOf(anything)), // each is checked before it is run
  reference: required(callback),
  run: required(callback),
  requires: callback,
  cap: atLeast(0),
  gate: object<Gate>({ emulation: required(callback), sum: callback, allowed: callback }),
  dtypes: recordOf(oneOf(...dtypes)),
  canaries: boolean,
});

/** Throws `OptionError` unless an input has a shape, values and a known type. */
function checkInput(where: string, input: CaseInput, path = ""): void {
  checkOptions(where, inputFields, input, path);
  const [count, given] = [sizeOf(input.shape), input.values.length];
  if (count !== given)
    throw new OptionError(`${where}: ${path}values has ${given} numbers, expected ${count} for its shape`);
}

/** Throws `OptionError` unless an object has inputs that pass. */
export function checkInputs(where: string, item: { readonly inputs: object }, path = ""): void {
  checkValue(where, path === "" ? "its argument" : path.slice(0, -1), having("inputs", "an object with inputs"), item);
  checkValue(where, `${path}inputs`, recordOf(anything), item.inputs);
  for (const [name, input] of Object.entries(item.inputs)) {
    if (input !== undefined) checkInput(where, input, `${path}inputs.${name}.`);
  }
}

/** Throws `OptionError` unless a case is one. */
export function checkItem(where: string, item: Case, path = "item."): void {
  checkOptions(where, caseFields, item, path);
  checkInputs(where, item, path);
}

/** Throws `OptionError` unless a table is one. */
export function checkCaseTable(where: string, table: CaseTable): void {
  checkOptions(where, tableFields, table, "table.");
}

/** Throws `OptionError` unless a table has the variant. */
export function checkVariant(where: string, { variants }: Pick<CaseTable, "variants">, variant: string): void {
  checkValue(where, "variant", oneOf(...variants), variant);
}

/** Throws `OptionError` unless an op has variants. */
function checkOp(where: string, op: { readonly variants: object }): void {
  const isOp = (typeof op === "object" && op !== null) || typeof op === "function";
  checkValue(where, "op", () => (isOp && "variants" in op ? undefined : "an op, which has variants"), op);
  checkValue(where, "op.variants", recordOf(anything), op.variants);
}

/** Throws `OptionError` unless an object's tags, and these, are texts. */
function checkTags(where: string, item: { readonly tags?: unknown }, name: string, tags: readonly string[]): void {
  checkValue(where, "item", recordOf(anything), item);
  if (item.tags !== undefined) checkValue(where, "item.tags", listOf(text), item.tags);
  checkValue(where, name, listOf(text), tags);
}

// Functions of tables and cases

/** The names of an op's variants, in the order of its table. */
export function variantsOf<V extends string>(op: { readonly variants: Readonly<Record<V, unknown>> }): V[] {
  checkOp("variantsOf", op);
  return Object.keys(op.variants) as V[];
}

/** The device features that a variant of an op requires. */
export function requirementsOf<V extends string>(
  op: { readonly variants: Readonly<Record<V, { readonly record: unknown; readonly requires?: readonly string[] }>> },
  variant: V,
): readonly string[] {
  checkVariant("requirementsOf", { variants: variantsOf(op) }, variant);
  return op.variants[variant].requires ?? [];
}

/** Features that a variant requires and this device does not have. */
export function missingFeatures(table: CaseTable, variant: string, gpu: Gpu): string[] {
  checkCaseTable("missingFeatures", table);
  checkVariant("missingFeatures", table, variant);
  return (table.requires?.(variant) ?? []).filter((feature) => !gpu.features.has(feature));
}

/** True for a case that has one of the tags. */
export function hasTag(item: { readonly tags?: readonly string[] }, ...wanted: readonly string[]): boolean {
  checkTags("hasTag", item, "wanted", wanted);
  const { tags = [] } = item;
  return wanted.some((tag) => tags.includes(tag));
}

/** The case with these tags added. */
export function withTags<C>(item: C & { readonly tags?: readonly string[] }, ...tags: readonly string[]): C {
  checkTags("withTags", item, "tags", tags);
  return { ...item, tags: [...(item.tags ?? []), ...tags] };
}

/** The cases that have one of the tags. Throws a RangeError for a tag that no case has. */
export function casesTagged<C extends { readonly tags?: readonly string[] }>(
  cases: readonly C[],
  ...wanted: readonly string[]
): C[] {
  checkValue("casesTagged", "cases", listOf(anything), cases);
  const unknown = wanted.filter((tag) => !cases.some((item) => hasTag(item, tag)));
  if (unknown.length > 0) throw new RangeError(`no case has the tag ${unknown.join(", nor ")}`);
  return cases.filter((item) => hasTag(item, ...wanted));
}

/** The stored values of an input as numbers, on which the reference computes. */
export function stored(input: CaseInput): Dense {
  checkInput("stored", input);
  return { shape: input.shape, values: roundTo(input.dtype ?? "f32", input.shape, input.values) };
}
