import { ShaderError } from "../../gpu/errors.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Binding, Cost, Dispatch, Uniform } from "../../gpu/program/dispatch.ts";
import { Recent } from "../../gpu/shader/recent.ts";
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import { identityOf, type Shader, type Specialisation, specialise } from "../../gpu/shader/specialise.ts";
import { checkOptions, checkValue, shown } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import { empty, Tensor } from "../../tensor/tensor.ts";
import { intoOf } from "./arguments.ts";
import {
  type Acceptance,
  bind,
  bindingsOf,
  boundOffset,
  checkAliasing,
  checkInto,
  checkTensor,
  compulsoryBytes,
} from "./bindings.ts";
import { foldGrid, gridOf } from "./grid.ts";
import {
  definitionFields,
  type Into,
  type Kernel,
  type KernelContext,
  type KernelDefinition,
  type Patterns,
} from "./kernel-definition.ts";
import { type AxesOf, AxisSizes } from "./shapes.ts";
import { packUniform } from "./uniforms.ts";

export type {
  BoundTensor,
  Into,
  Kernel,
  KernelContext,
  KernelDefinition,
  Patterns,
  TensorsOf,
} from "./kernel-definition.ts";

/** Maximum number of uniform buffers that every WebGPU device supports. */
const maxUniforms = 12;

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
  checkOptions("defineKernel", definitionFields, definition);
  if ((definition.threads === undefined) === (definition.workgroups === undefined)) {
    throw new OptionError("defineKernel: expected one of threads and workgroups");
  }
  const { name } = definition;
  checkSource(name, definition.source);
  const source = { ...definition.source, name }; // so that errors use the same name as tables
  const patterns = new Map(
    Object.entries({ ...definition.inputs, ...definition.inout }).map(([key, pattern]): [string, [string, boolean]] => [
      key.replace("?", ""),
      [pattern, key.endsWith("?")],
    ]),
  );
  const shaders = new Recent<string, Shader>(maxShaders);
  const shaderFor = (specialisation: Specialisation): Shader => {
    const key = keyOf(specialisation);
    let shader = shaders.get(key);
    if (!shader) {
      shader = specialise(source, specialisation);
      shaders.set(key, shader);
      const names = shader.declarations.bindings.filter(({ space }) => space === "uniform").map((one) => one.name);
      if (names.length > maxUniforms) {
        const list = names.join(", ");
        throw new ShaderError(
          `${name}: ${names.length} uniform buffers, a kernel may use ${maxUniforms}: ${list}`,
          name,
        );
      }
    }
    return shader;
  };

  const typeOf = (key: string): DType => source.types?.[key] ?? "f32";
  const acceptance = (key: string, types: readonly DType[] = [typeOf(key)]): Acceptance => ({
    types,
    strided: definition.strided?.includes(key) ?? false,
    segmented: definition.segmented?.input === key,
  });

  const call = (gpu: Gpu, given: Readonly<Record<string, Tensor | undefined>>, options: X & Into<O>) => {
    const sizes = new AxisSizes(name);
    const tensors = new Map<string, Tensor>();
    for (const key of Object.keys(given)) {
      if (!patterns.has(key))
        throw new OptionError(`${name}: takes no ${key}; it takes ${[...patterns.keys()].join(", ")}`);
    }
    for (const [key, [pattern, optional]] of patterns) {
      const tensor = given[key];
      if (tensor === undefined) {
        if (optional) continue;
        throw new OptionError(`${name}: ${key} is missing, expected ${pattern}`);
      }
      if (!(tensor instanceof Tensor)) {
        throw new OptionError(`${name}: ${key} is ${shown(tensor)}, expected a tensor ${pattern}`);
      }
      sizes.match(key, pattern, tensor.shape);
      checkTensor(gpu, `${name}: ${key}`, tensor, acceptance(key, definition.accepts?.[key]));
      tensors.set(key, tensor);
    }
    const axes = () => Object.fromEntries(sizes.sizes) as Record<A, number>;
    for (const [axis, size] of Object.entries(definition.axes?.(axes(), options) ?? {})) {
      sizes.define(axis, size as number | Shape);
    }
    for (const [key, { tensor, pattern, types, label = key }] of Object.entries(definition.binds?.(options) ?? {})) {
      if (pattern !== undefined) sizes.match(label, pattern, tensor.shape);
      checkTensor(gpu, `${name}: ${label}`, tensor, acceptance(key, types));
      tensors.set(key, tensor);
    }
    definition.check?.(axes(), options, gpu);
    const dtypes: Record<string, DType> = {};
    for (const [key, tensor] of tensors) dtypes[key] = tensor.dtype;

    const outputs: Record<string, Tensor> = {};
    const outputTypes: Partial<Record<string, DType>> = definition.dtypes?.(options, dtypes) ?? {};
    const wanted: Partial<Record<string, boolean>> = definition.wants?.(options) ?? {};
    for (const [declared, pattern] of Object.entries(definition.outputs ?? {})) {
      const key = declared.replace("?", "");
      if (key !== declared && !wanted[key]) continue;
      const shape = sizes.resolve(key, pattern);
      const dtype = outputTypes[key] ?? typeOf(key);
      const into = (options.into as Readonly<Record<string, Tensor | undefined>> | undefined)?.[key];
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

  const into = intoOf(...Object.keys(definition.outputs ?? {}).map((key) => key.replace("?", "")));
  const kernel = (gpu: Gpu, tensors: object, options?: X & Into<O>) => {
    if (typeof tensors !== "object" || tensors === null) {
      const names = [...patterns.keys()].join(", ");
      throw new OptionError(`${name}: its tensors are ${shown(tensors)}, expected an object with ${names || "none"}`);
    }
    if (options?.into !== undefined) checkValue(name, "into", into, options.into);
    return gpu.group({ op: name, variant: name, options: { ...options }, by: made.by, tensors }, () =>
      call(gpu, tensors as Readonly<Record<string, Tensor | undefined>>, options ?? ({} as X & Into<O>)),
    );
  };
  const made = Object.assign(kernel, { kernelName: name, source: definition.source, by: kernel });
  return made as unknown as Kernel<I, M, O, X>;
}

/** Throws `ShaderError` for a text: only a module has parts. */
function checkSource(name: string, source: ShaderModule | string): void {
  if (typeof source !== "string") return;
  throw new ShaderError(
    `${name}: source is a string, expected a module: an imported .wgsl file, or wgslModule(text, { parts })`,
    name,
  );
}

/** Maximum number of specialisations of a kernel that are kept. */
const maxShaders = 256;

/** Two specialisations with equal keys are equal. */
const keyOf = ({ parts = [], constants, aliases }: Specialisation): string =>
  JSON.stringify([parts.map(identityOf), constants, aliases]);

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
  const bound = new Map(
    [...tensors].flatMap(([key, tensor]) =>
      bindingsOf(key, tensor).map(([binding, plane]) => [binding, [tensor, plane, key]] as const),
    ),
  );
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
    for (const written of shader.declarations.bindings) {
      // The name of a built-in function of WGSL is written with an underscore after it: `step_` is step.
      const declared = { ...written, name: written.name.replace(/_$/, "") };
      const [tensor, plane = "data", key] = bound.get(declared.name) ?? [];
      if (tensor) {
        bindings.push(bind(name, declared, tensor, plane, key === segmented?.input ? piece : undefined));
        continue;
      }
      const values = (uniformValues as Record<string, Record<string, number>>)[declared.name];
      if (declared.space === "storage" || !values) {
        throw new ShaderError(
          `${name}: the shader binds ${declared.name}, but no tensor or uniform was given for it`,
          name,
        );
      }
      uniforms.push(packUniform(name, shader, declared, values));
    }
    for (const key of bound.keys()) {
      if (!bindings.some((binding) => binding.name === key)) {
        throw new ShaderError(
          `${name}: the shader has no binding for ${key} (parts: ${shader.parts.join(", ")})`,
          name,
        );
      }
    }
    checkAliasing(name, bindings);
    const { threads, workgroups } = definition;
    const grid = threads
      ? gridOf(threads(local, options, context), shader)
      : workgroups(local, options, context, shader);
    const indirect = definition.indirect && indirectGrid(name, bindings, definition.indirect, options);
    let cost: Cost | undefined;
    gpu.append({
      kernel: name,
      shader,
      bindings,
      uniforms,
      workgroups: foldGrid(name, grid, gpu.limits.workgroups),
      ...(indirect ? { indirect } : {}),
      // Counted only when read: counting may take longer than recording.
      get cost() {
        cost ??= {
          compulsoryBytes: compulsoryBytes(bindings, bound),
          flops: 0,
          ...definition.cost?.(local, options, context, shader),
        };
        return cost;
      },
    });
  }
}

/** Where the grid of an indirect dispatch is: in the memory that one of its inputs is bound to. */
function indirectGrid<X>(
  kernel: string,
  bindings: readonly Binding[],
  { input, offset }: { readonly input: string; readonly offset: (options: X) => number },
  options: X,
): NonNullable<Dispatch["indirect"]> {
  const bound = bindings.find(({ name, access }) => name === input && access === "read");
  if (!bound)
    throw new ShaderError(`${kernel}: its grid is read from ${input}, which is not an input of the shader`, kernel);
  return { storage: bound.storage, offset: bound.offset + 4 * offset(options) };
}
