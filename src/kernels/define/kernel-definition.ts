import type { Gpu } from "../../gpu/gpu.ts";
import type { Cost } from "../../gpu/program/dispatch.ts";
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import type { Shader, Specialisation } from "../../gpu/shader/specialise.ts";
import {
  callback,
  either,
  fieldsOf,
  having,
  listOf,
  object,
  oneOf,
  recordOf,
  required,
  text,
} from "../../options/checks.ts";
import type { DType } from "../../tensor/dtype.ts";
import { formats } from "../../tensor/formats/formats.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** Axis patterns by tensor name; a name that ends in `?` is optional. */
export type Patterns = Readonly<Record<string, string>>;

/** The names of tensors in patterns, without the `?` of optional ones. */
type NamesOf<P> = keyof P extends infer K ? (K extends `${infer Name}?` ? Name : K) & string : never;

/** The names of the optional ones. */
type OptionalNamesOf<P> = keyof P extends infer K ? (K extends `${infer Name}?` ? Name : never) : never;

/** The tensors for these patterns. */
export type TensorsOf<P> = {
  readonly [K in keyof P as K extends `${string}?` ? never : K]: Tensor;
} & { readonly [K in keyof P as K extends `${infer Name}?` ? Name : never]?: Tensor | undefined };

/**
 * The tensors that a call returns: an optional one is present where `wants` lists it or it was passed to be changed.
 */
type ResultsOf<P> = {
  readonly [K in keyof P as K extends `${string}?` ? never : K]: Tensor;
} & { readonly [K in OptionalNamesOf<P>]?: Tensor };

/** What a dispatch depends on other than axes and options. */
export interface KernelContext {
  readonly gpu: Gpu;
  /** Types of the tensors passed, by name; tensors that were not passed are absent. */
  readonly dtypes: Readonly<Record<string, DType>>;
  /** Strides in elements of tensors listed in `strided`, by name. */
  readonly strides: Readonly<Record<string, readonly number[]>>;
  /** First element of tensors listed in `strided`, counted from the start of their binding, by name. */
  readonly offsets: Readonly<Record<string, number>>;
  /** Rows of the segmented input that this dispatch sees: `begin` to `end` of `total`. */
  readonly segment: { readonly begin: number; readonly end: number; readonly total: number };
}

/** A tensor from the options, for a binding that their parts declare. */
export interface BoundTensor {
  readonly tensor: Tensor;
  /** Axis pattern; without one, any shape. */
  readonly pattern?: string;
  /** Element types accepted. */
  readonly types: readonly DType[];
  /** What errors call it; default the name of its binding. */
  readonly label?: string;
}

/** A grid in one, two or three dimensions, or `threads` for one thread per result. */
type Grid<X, A extends string> =
  | {
      /** The grid. A single number may be any size: above the device's limit it folds into y (`lib/grid`). */
      readonly workgroups: (
        axes: Readonly<Record<A, number>>,
        options: X,
        context: KernelContext,
        shader: Shader,
      ) => readonly [number] | readonly [number, number] | readonly [number, number, number];
      readonly threads?: never;
    }
  | {
      /** Threads needed; the surplus threads of the last workgroup return. Folds into y (`lib/grid`). */
      readonly threads: (axes: Readonly<Record<A, number>>, options: X, context: KernelContext) => number;
      readonly workgroups?: never;
    };

/** A kernel as one declarative record: the WGSL owns bindings, `Params` and tile sizes, this owns shapes and grid. */
export type KernelDefinition<
  I extends Patterns,
  M extends Patterns,
  O extends Patterns,
  X,
  A extends string,
> = KernelRecord<I, M, O, X, A> & Grid<X, A>;

/** The fields of a record other than its grid. */
interface KernelRecord<I extends Patterns, M extends Patterns, O extends Patterns, X, A extends string> {
  /** Its name in errors and tables; for this project's files the path under `shaders/` without extension. */
  readonly name: string;
  /** The module: an imported `.wgsl` file, or `wgslModule(text)`. */
  readonly source: ShaderModule;
  readonly inputs: I;
  /** Tensors changed in place. */
  readonly inout?: M;
  /** New tensors; one whose name ends in `?` is made where `wants` lists it. */
  readonly outputs?: O;
  /** Which of the optional outputs a call returns; default none. */
  readonly wants?: (options: X) => {
    readonly [K in keyof O as K extends `${infer Name}?` ? Name : K]?: K extends `${string}?` ? boolean : never;
  };
  /** Element types of outputs that are not f32. */
  readonly dtypes?: (options: X, dtypes: Readonly<Record<string, DType>>) => Partial<Record<NamesOf<O>, DType>>;
  /** Types an input may have; default f32 only. */
  readonly accepts?: Readonly<Record<string, readonly DType[]>>;
  /** Tensors from the options, other than the inputs, by the name of their binding. */
  readonly binds?: (options: X) => Readonly<Record<string, BoundTensor>>;
  /** Inputs that may be views with any strides, which `params` gets through the context. */
  readonly strided?: readonly string[];
  /** An input that may have several segments along this axis: the kernel is dispatched once for each. */
  readonly segmented?: { readonly input: string; readonly axis: A };
  /** Sizes of axes that only outputs have; a list for a name of several axes. */
  readonly axes?: (axes: Readonly<Record<A, number>>, options: X) => Partial<Record<A, number | Shape>>;
  /** Fields of `Params`, by name. */
  readonly params: (axes: Readonly<Record<A, number>>, options: X, context: KernelContext) => Record<string, number>;
  /** Fields of further uniform structs, by variable name, such as `mask_params`. */
  readonly uniforms?: (
    axes: Readonly<Record<A, number>>,
    options: X,
    context: KernelContext,
  ) => Record<string, Record<string, number>>;
  /** Parts, constants and aliases for this use. */
  readonly specialise?: (axes: Readonly<Record<A, number>>, options: X, context: KernelContext) => Specialisation;
  /**
   * A u32 input whose three words from `offset` on are the grid when the GPU runs the dispatch; `workgroups` is then
   * their maximum.
   */
  readonly indirect?: { readonly input: string; readonly offset: (options: X) => number };
  /** Floating-point operations; bytes are counted from the bindings unless given. Tile sizes are the shader's. */
  readonly cost?: (
    axes: Readonly<Record<A, number>>,
    options: X,
    context: KernelContext,
    shader: Shader,
  ) => Partial<Cost> & { readonly flops: number };
  /** Checks of options and sizes that patterns cannot express; throws `ShapeError`. */
  readonly check?: (axes: Readonly<Record<A, number>>, options: X, gpu: Gpu) => void;
}

/** Tensors that results are written into, instead of new ones. */
export interface Into<O> {
  readonly into?: { readonly [K in NamesOf<O>]?: Tensor };
}

/** A kernel ready to be called: records a dispatch and returns its outputs and the tensors that it changed. */
export interface Kernel<I extends Patterns, M extends Patterns, O extends Patterns, X> {
  (
    gpu: Gpu,
    tensors: TensorsOf<I> & TensorsOf<M>,
    ...options: Record<string, never> extends X ? [options?: X & Into<O>] : [options: X & Into<O>]
  ): ResultsOf<O> & ResultsOf<M>;
  readonly kernelName: string;
  readonly source: ShaderModule;
}

type Definition = KernelDefinition<Patterns, Patterns, Patterns, object, string>;

const patterns = recordOf(text);

/** The fields of a definition. */
export const definitionFields = fieldsOf<Required<Definition> & { readonly threads: unknown }>({
  name: required(text),
  source: required(either(text, having("code", "a module of WGSL"))), // a text gets an error of its own
  inputs: required(patterns),
  inout: patterns,
  outputs: patterns,
  wants: callback,
  dtypes: callback,
  accepts: recordOf(listOf(oneOf(...Object.keys(formats)))),
  binds: callback,
  strided: listOf(text),
  segmented: object<NonNullable<Definition["segmented"]>>({ input: required(text), axis: required(text) }),
  axes: callback,
  params: required(callback),
  uniforms: callback,
  specialise: callback,
  workgroups: callback,
  threads: callback,
  indirect: object<NonNullable<Definition["indirect"]>>({ input: required(text), offset: required(callback) }),
  cost: callback,
  check: callback,
});
