// Kernels as they are studied: a file with its parts, and dispatches of it that need no GPU to be made.
import { evaluate } from "../gpu/shader/constant-expression.ts";
import type { ShaderModule } from "../gpu/shader/shader-module.ts";
import { type Shader, type Specialisation, specialise } from "../gpu/shader/specialise.ts";
import { OptionError, shown } from "../options/errors.ts";
import type { Dense } from "../reference/dense.ts";
import type { Dispatch, Inputs } from "./dispatch.ts";

/** A size that may be chosen. */
export interface Size {
  readonly meaning: string;
  /** What it is unless chosen. */
  readonly usual: number;
  /** At least 1, unless given. */
  readonly least?: number;
  /** At most 65,536, unless given. */
  readonly most?: number;
  readonly multipleOf?: number;
}

/** Chosen sizes, by name. */
export type Sizes = Readonly<Record<string, number>>;

/** What a kernel should compute: functions of `src/reference` on the contents of its inputs. */
export interface Reference<N extends string = string> {
  /** The function that defines it. */
  readonly name: string;
  /** The contents of outputs in float64, by their names. */
  readonly results: (
    inputs: Inputs,
    sizes: Readonly<Record<N, number>>,
    value: ValueOf,
  ) => Readonly<Record<string, Dense>>;
}

/**
 * What a dispatch costs, as expressions of integers in the kernel's constants and the sizes. All of them are counted,
 * too.
 */
export interface CostFormulas {
  /** Bytes of all loads and stores of buffers. */
  readonly requestedBytes: string;
  /** Operations on f32, those of padding included: two of a fused multiply-add, one of any other that computes. */
  readonly operations?: string;
}

/** Sizes, constants and texts of a dispatch that differ from the usual ones. */
export interface Choice {
  readonly sizes?: Sizes;
  /** Values of `const` declarations, by name. */
  readonly constants?: Readonly<Record<string, number>>;
  /** Parts in the place of default ones. */
  readonly parts?: readonly ShaderModule[];
  /** New texts of files, by the files' names, such as `lib/reduce`. */
  readonly edits?: Readonly<Record<string, string>>;
}

/** A kernel and how its dispatches are made. */
export interface StudyKernel {
  /** Its file; the name is that of the kernel. */
  readonly source: ShaderModule;
  /** Which sizes it has; none where there is one dispatch. */
  readonly sizes: Readonly<Record<string, Size>>;
  /** What makes its smallest dispatch in which races show: few threads, workgroups and turns of loops. */
  readonly small: Choice;
  /** Which constants may be chosen; all, unless given. */
  readonly constants?: readonly string[];
  readonly specialise: (sizes: Sizes) => Specialisation;
  /** Why it cannot have these sizes; undefined where it can. */
  readonly refuses?: (sizes: Sizes, value: ValueOf) => string | undefined;
  readonly dispatch: (sizes: Sizes, value: ValueOf) => Dispatch;
  readonly reference?: Reference;
  readonly cost?: CostFormulas;
}

/** The value of an integer constant of the joined kernel. */
export type ValueOf = (constant: string) => number;

/** A kernel with its joined text and one dispatch. */
export interface Prepared {
  readonly kernel: StudyKernel;
  readonly sizes: Sizes;
  /** `code` is the joined text, `lines` has the file and line of each of its lines. */
  readonly shader: Shader;
  readonly dispatch: Dispatch;
  readonly value: ValueOf;
}

/** A dispatch with constants that make the kernel small. */
export type FixedDispatch = Dispatch & { readonly constants?: Readonly<Record<string, number>> };

/** A kernel of one dispatch. Only its subgroups may be chosen, with the constant SUBGROUP. */
export function fixed(source: ShaderModule, { constants = {}, ...dispatch }: FixedDispatch): StudyKernel {
  return {
    source,
    sizes: {},
    small: {},
    constants: ["SUBGROUP"],
    specialise: () => ({ constants }),
    dispatch: () => dispatch,
  };
}

/** The record of a kernel that has sizes; `small` are those of its smallest dispatch. */
interface Shaped<N extends string> {
  readonly sizes: Readonly<Record<N, Size>>;
  readonly small: {
    readonly sizes: Readonly<Record<N, number>>;
    readonly constants?: Readonly<Record<string, number>>;
  };
  readonly specialise?: (sizes: Readonly<Record<N, number>>) => Specialisation;
  readonly refuses?: (sizes: Readonly<Record<N, number>>, value: ValueOf) => string | undefined;
  readonly dispatch: (sizes: Readonly<Record<N, number>>, value: ValueOf) => Dispatch;
  readonly reference?: Reference<N>;
  readonly cost?: CostFormulas;
}

/** A kernel whose dispatch depends on sizes. */
export const shaped = <N extends string>(source: ShaderModule, record: Shaped<N>): StudyKernel =>
  ({ source, specialise: () => ({}), ...record }) as StudyKernel;

/**
 * Joins a kernel with its parts and makes a dispatch. Throws OptionError for sizes and constants that it does not have
 * or cannot take, and for texts of files that it is not joined of; ShaderError for a text without a constant that is
 * set.
 */
export function prepare(
  kernel: StudyKernel,
  { constants = {}, parts = [], edits = {}, ...choice }: Choice = {},
): Prepared {
  const { name } = kernel.source;
  const sizes = sizesOf(kernel, choice.sizes ?? {});
  const unknown = Object.keys(constants).find((constant) => kernel.constants?.includes(constant) === false);
  if (unknown !== undefined) throw new OptionError(`${name}: its dispatch has one value of ${unknown}`);
  const own = kernel.specialise(sizes);
  const shader = specialise(withEdits(kernel.source, edits), {
    parts: [...(own.parts ?? []), ...parts].map((part) => withEdits(part, edits)),
    constants: { ...own.constants, ...constants },
  });
  const files = [name, ...shader.parts];
  const other = Object.keys(edits).find((file) => !files.includes(file));
  if (other !== undefined) throw new OptionError(`${name}: it has no file ${other}; it has ${files.join(", ")}`);
  const value = (constant: string) => valueIn(shader, constant);
  const refusal = kernel.refuses?.(sizes, value);
  if (refusal !== undefined) throw new OptionError(`${name}: ${refusal}`);
  return { kernel, sizes, shader, dispatch: kernel.dispatch(sizes, value), value };
}

function valueIn({ name, declarations }: Shader, constant: string): number {
  const value = evaluate(constant, declarations.constants);
  if (value === undefined) throw new OptionError(`${name}: ${constant} is no integer`);
  return value;
}

function withEdits(module: ShaderModule, edits: Readonly<Record<string, string>>): ShaderModule {
  if (Object.keys(edits).length === 0) return module;
  return {
    ...module,
    code: edits[module.name] ?? module.code,
    parts: module.parts.map((part) => withEdits(part, edits)),
  };
}

function sizesOf({ source: { name }, sizes }: StudyKernel, chosen: Sizes): Sizes {
  const names = Object.keys(sizes);
  for (const [size, value] of Object.entries(chosen)) {
    const known = Object.hasOwn(sizes, size) ? sizes[size] : undefined;
    if (!known) {
      const all = names.length === 0 ? "it has one dispatch" : `it has ${names.join(", ")}`;
      throw new OptionError(`${name}: there is no size ${size}; ${all}`);
    }
    const { least = 1, most = 65_536, multipleOf = 1 } = known;
    if (Number.isInteger(value) && value >= least && value <= most && value % multipleOf === 0) continue;
    const kind = multipleOf === 1 ? "an integer" : `a multiple of ${multipleOf}`;
    throw new OptionError(`${name}: ${size} is ${shown(value)}, expected ${kind} from ${least} to ${most}`);
  }
  return Object.fromEntries(names.map((size) => [size, chosen[size] ?? sizes[size]?.usual ?? 1]));
}

/** The values of a kernel's cost formulas for a dispatch; undefined where it has none. */
export function costOf({ kernel: { cost }, sizes, shader }: Prepared): Readonly<Record<string, number>> | undefined {
  if (!cost) return undefined;
  const values = Object.entries(sizes).map(([name, value]): [string, string] => [name, String(value)]);
  const known = new Map([...shader.declarations.constants, ...values]);
  return Object.fromEntries(
    Object.entries(cost).map(([name, formula]: [string, string]) => {
      const value = evaluate(formula, known);
      if (value === undefined) throw new OptionError(`${shader.name}: ${formula} has no value`);
      return [name, value];
    }),
  );
}
