import type { Binding, Cost, Uniform } from "../gpu/dispatch.ts";
import { ShaderError } from "../gpu/errors.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { type Shader, type ShaderFiles, type Specialisation, specialise } from "../gpu/specialise.ts";
import type { DType } from "../tensor/dtype.ts";
import { type Shape, ShapeError } from "../tensor/shape.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import {
  type Acceptance,
  bind,
  boundOffset,
  checkAliasing,
  checkInto,
  checkTensor,
  compulsoryBytes,
} from "./bindings.ts";
import { foldGrid } from "./grid.ts";
import { shaderFiles } from "./parts.ts";
import { type AxesOf, AxisSizes } from "./shapes.ts";
import { packUniform } from "./uniforms.ts";

/** Axis patterns by tensor name; a name that ends in `?` is optional. */
export type Patterns = Readonly<Record<string, string>>;

/** The tensors that patterns ask for. */
export type TensorsOf<P> = {
  readonly [K in keyof P as K extends `${string}?` ? never : K]: Tensor;
} & { readonly [K in keyof P as K extends `${infer Name}?` ? Name : never]?: Tensor | undefined };

/** What one dispatch is made for, besides axes and options. */
export interface KernelContext {
  readonly gpu: Gpu;
  /** Types of the tensors given, by name; a name that is absent was not given. */
  readonly dtypes: Readonly<Record<string, DType>>;
  /** Strides in elements of tensors listed in `strided`, by name. */
  readonly strides: Readonly<Record<string, readonly number[]>>;
  /** First element of tensors listed in `strided`, counted from the start of their binding, by name. */
  readonly offsets: Readonly<Record<string, number>>;
  /** Rows of the segmented input that this dispatch sees: `begin` to `end` of `total`. */
  readonly segment: { readonly begin: number; readonly end: number; readonly total: number };
}

/** A kernel as one declarative record: the WGSL owns bindings and `Params`, this owns shapes and grid. */
export interface KernelDefinition<I extends Patterns, M extends Patterns, O extends Patterns, X, A extends string> {
  /** File name under `shaders/` without ending. */
  readonly name: string;
  /** The text of that file. */
  readonly source: string;
  readonly inputs: I;
  /** Tensors changed in place. */
  readonly inout?: M;
  readonly outputs?: O;
  /** Element types of outputs that are not f32. */
  readonly dtypes?: (options: X, dtypes: Readonly<Record<string, DType>>) => Partial<Record<keyof O & string, DType>>;
  /** Types an input may have; default f32 only. */
  readonly accepts?: Readonly<Record<string, readonly DType[]>>;
  /** Inputs that may be views with gaps: their strides reach `params` through the context. */
  readonly strided?: readonly string[];
  /** An input that may lie in several segments, cut along this axis: the kernel is dispatched once for each. */
  readonly segmented?: { readonly input: string; readonly axis: A };
  /** Sizes of axes that only outputs have: a list for a name that stands for several. */
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
  /** The grid. A single number may be any size: above the device's limit it folds into y (`lib/grid`). */
  readonly workgroups: (
    axes: Readonly<Record<A, number>>,
    options: X,
    context: KernelContext,
    shader: Shader,
  ) => readonly [number] | readonly [number, number] | readonly [number, number, number];
  /** Floating-point operations; bytes are counted from the bindings unless given. */
  readonly cost?: (
    axes: Readonly<Record<A, number>>,
    options: X,
    context: KernelContext,
  ) => Partial<Cost> & { readonly flops: number };
  /** Checks of options and sizes that patterns cannot say; throws `ShapeError`. */
  readonly check?: (axes: Readonly<Record<A, number>>, options: X, gpu: Gpu) => void;
  /** Further WGSL files that parts may come from: a user's own. */
  readonly files?: ShaderFiles;
}

/** Tensors that results are written into, instead of new ones. */
export interface Into<O> {
  readonly into?: { readonly [K in keyof O]?: Tensor };
}

/** A kernel ready to be called: records a dispatch and returns its outputs. */
export interface Kernel<I extends Patterns, M extends Patterns, O extends Patterns, X> {
  (
    gpu: Gpu,
    tensors: TensorsOf<I> & TensorsOf<M>,
    ...options: Record<string, never> extends X ? [options?: X & Into<O>] : [options: X & Into<O>]
  ): { readonly [K in keyof O | keyof M]: Tensor };
  readonly kernelName: string;
  readonly source: string;
  readonly files: ShaderFiles;
}

/** Most storage buffers that any WebGPU device is sure to take. */
const maxStorageBuffers = 8;

/**
 * Makes a kernel from its record. Calling it checks shapes, types and options (`ShapeError`), specialises the shader,
 * allocates outputs and appends a dispatch; nothing runs until something is read. Throws `ShaderError` when the WGSL
 * does not fit the record.
 */
export function defineKernel<
  const I extends Patterns,
  const M extends Patterns = Record<never, string>,
  const O extends Patterns = Record<never, string>,
  X = object,
>(
  definition: KernelDefinition<I, M, O, X, AxesOf<I[keyof I]> | AxesOf<M[keyof M]> | AxesOf<O[keyof O]>>,
): Kernel<I, M, O, X> {
  type A = AxesOf<I[keyof I]> | AxesOf<M[keyof M]> | AxesOf<O[keyof O]>;
  const { name, source } = definition;
  const files: ShaderFiles = definition.files ? { ...shaderFiles, ...definition.files } : shaderFiles;
  const patterns = new Map(
    Object.entries({ ...definition.inputs, ...definition.inout }).map(([key, pattern]): [string, [string, boolean]] => [
      key.replace("?", ""),
      [pattern, key.endsWith("?")],
    ]),
  );
  const shaders = new Map<string, Shader>();
  const shaderFor = (specialisation: Specialisation): Shader => {
    const key = JSON.stringify(specialisation);
    let shader = shaders.get(key);
    if (!shader) {
      shader = specialise(name, source, files, specialisation);
      shaders.set(key, shader);
      const buffers = shader.declarations.bindings.filter(({ space }) => space === "storage").length;
      if (buffers > maxStorageBuffers) {
        throw new ShaderError(`${name}: ${buffers} storage buffers, a kernel may use ${maxStorageBuffers}`, name);
      }
    }
    return shader;
  };

  const acceptance = (key: string, types: readonly DType[] = ["f32"]): Acceptance => ({
    types,
    strided: definition.strided?.includes(key) ?? false,
    segmented: definition.segmented?.input === key,
  });

  const call = (gpu: Gpu, given: Readonly<Record<string, Tensor | undefined>>, options: X & Into<O>) => {
    const sizes = new AxisSizes(name);
    const tensors = new Map<string, Tensor>();
    for (const [key, [pattern, optional]] of patterns) {
      const tensor = given[key];
      if (!tensor) {
        if (optional) continue;
        throw new ShapeError(`${name}: ${key} is missing, expected ${pattern}`);
      }
      sizes.match(key, pattern, tensor.shape);
      checkTensor(gpu, `${name}: ${key}`, tensor, acceptance(key, definition.accepts?.[key]));
      tensors.set(key, tensor);
    }
    for (const key of Object.keys(given)) {
      if (!patterns.has(key))
        throw new ShapeError(`${name}: takes no ${key}; it takes ${[...patterns.keys()].join(", ")}`);
    }
    const axes = () => Object.fromEntries(sizes.sizes) as Record<A, number>;
    for (const [axis, size] of Object.entries(definition.axes?.(axes(), options) ?? {})) {
      sizes.define(axis, size as number | Shape);
    }
    definition.check?.(axes(), options, gpu);
    const dtypes: Record<string, DType> = {};
    for (const [key, tensor] of tensors) dtypes[key] = tensor.dtype;

    const outputs: Record<string, Tensor> = {};
    const outputTypes: Partial<Record<string, DType>> = definition.dtypes?.(options, dtypes) ?? {};
    for (const [key, pattern] of Object.entries(definition.outputs ?? {})) {
      const shape = sizes.resolve(key, pattern);
      const dtype = outputTypes[key] ?? "f32";
      const into = options.into?.[key];
      if (into) checkInto(gpu, `${name}: into.${key}`, into, shape, acceptance(key, [dtype]));
      outputs[key] = into ?? empty(gpu, shape, dtype, `${name} ${key}`);
      tensors.set(key, outputs[key]);
    }
    for (const key of Object.keys(definition.inout ?? {})) {
      const tensor = tensors.get(key.replace("?", ""));
      if (tensor) outputs[key.replace("?", "")] = tensor;
    }
    if (Object.values(outputs).some(({ size }) => size > 0)) {
      recordDispatches(gpu, definition, axes(), options, tensors, dtypes, shaderFor);
    }
    return outputs;
  };

  const kernel = (gpu: Gpu, tensors: object, options?: X & Into<O>) =>
    gpu.group(name, name, { ...options }, () =>
      call(gpu, tensors as Readonly<Record<string, Tensor | undefined>>, options ?? ({} as X & Into<O>)),
    );
  return Object.assign(kernel, { kernelName: name, source, files }) as unknown as Kernel<I, M, O, X>;
}

function recordDispatches<I extends Patterns, M extends Patterns, O extends Patterns, X, A extends string>(
  gpu: Gpu,
  definition: KernelDefinition<I, M, O, X, A>,
  axes: Record<A, number>,
  options: X,
  tensors: ReadonlyMap<string, Tensor>,
  dtypes: Readonly<Record<string, DType>>,
  shaderFor: (specialisation: Specialisation) => Shader,
): void {
  const { name, segmented } = definition;
  const strides: Record<string, readonly number[]> = {};
  const offsets: Record<string, number> = {};
  for (const key of definition.strided ?? []) {
    const tensor = tensors.get(key);
    if (!tensor) continue;
    strides[key] = tensor.strides;
    offsets[key] = tensor.offset - boundOffset(tensor);
  }
  const cut = segmented ? tensors.get(segmented.input) : undefined;
  const total = cut?.shape[0] ?? 0;
  const pieces = cut && cut.segments.length > 1 ? cut.segments : [undefined];
  for (const piece of pieces) {
    const segment = piece ? { begin: piece.begin, end: piece.end, total } : { begin: 0, end: total, total };
    const context: KernelContext = { gpu, dtypes, strides, offsets, segment };
    const local = piece && segmented ? { ...axes, [segmented.axis]: piece.end - piece.begin } : axes;
    const shader = shaderFor(definition.specialise?.(local, options, context) ?? {});
    const uniformValues = {
      params: definition.params(local, options, context),
      ...definition.uniforms?.(local, options, context),
    };
    const bindings: Binding[] = [];
    const uniforms: Uniform[] = [];
    for (const declared of shader.declarations.bindings) {
      const tensor = tensors.get(declared.name);
      if (tensor) {
        const own = piece && declared.name === segmented?.input ? piece : undefined;
        bindings.push(bind(name, declared, tensor, own && { storage: own.storage, rows: own.end - own.begin }));
        continue;
      }
      const values = (uniformValues as Record<string, Record<string, number>>)[declared.name];
      if (declared.space === "storage" || !values) {
        throw new ShaderError(
          `${name}: the shader has ${declared.name}, and no tensor or uniform was given for it`,
          name,
        );
      }
      uniforms.push(packUniform(name, shader, declared, values));
    }
    for (const key of tensors.keys()) {
      if (!bindings.some((binding) => binding.name === key)) {
        throw new ShaderError(
          `${name}: the shader has no binding for ${key} (parts: ${shader.parts.join(", ")})`,
          name,
        );
      }
    }
    checkAliasing(name, bindings);
    const grid = definition.workgroups(local, options, context, shader);
    gpu.append({
      kernel: name,
      shader,
      bindings,
      uniforms,
      workgroups: foldGrid(name, grid, gpu.limits.workgroups),
      cost: {
        compulsoryBytes: compulsoryBytes(bindings, tensors),
        flops: 0,
        ...definition.cost?.(local, options, context),
      },
    });
  }
}
