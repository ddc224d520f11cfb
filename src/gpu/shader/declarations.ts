import { ShaderError } from "../errors.ts";
import { evaluate } from "./constant-expression.ts";
import { type BindingDeclaration, bindingOf, type ShaderModule } from "./shader-module.ts";
import { splitList, type TypeContext, typeSize } from "./type-size.ts";

/** The 4-byte scalars of a uniform struct such as `Params`, in order. */
type StructFields = readonly { readonly name: string; readonly type: "u32" | "i32" | "f32" }[];

/** What a shader declares at module scope, as far as the engine needs it. */
export interface Declarations {
  readonly bindings: readonly BindingDeclaration[];
  /** Structs whose every field is a 4-byte scalar. */
  readonly structs: ReadonlyMap<string, StructFields>;
  readonly constants: ReadonlyMap<string, string>;
  readonly aliases: ReadonlyMap<string, string>;
  /** Bytes of workgroup memory; `undefined` where the size of a variable cannot be computed. */
  readonly workgroupBytes: number | undefined;
  /** Threads of one workgroup in x, y and z. */
  readonly workgroupSize: readonly [number, number, number];
}

/** New right-hand sides of `const` and `alias` declarations, by name. */
interface NewValues {
  readonly constants: ReadonlyMap<string, string>;
  readonly aliases: ReadonlyMap<string, string>;
}

const noValues: NewValues = { constants: new Map(), aliases: new Map() };

/**
 * The declarations of the modules joined into one shader, some with new values. Throws `ShaderError` for two resources
 * with the same group and binding, and for a workgroup size that is not a constant expression.
 */
export function joinDeclarations(
  shader: string,
  modules: readonly ShaderModule[],
  values: NewValues = noValues,
): Declarations {
  const all = <T>(of: (module: ShaderModule) => Readonly<Record<string, T>> | undefined) =>
    new Map(modules.flatMap((module) => Object.entries(of(module) ?? {})));
  const constants = new Map([...all(({ declares }) => declares.constants), ...values.constants]);
  const aliases = new Map([...all(({ declares }) => declares.aliases), ...values.aliases]);
  const bodies = all(({ declares }) => declares.structs);
  const bindings = modules.flatMap(({ declares }) => (declares.bindings ?? []).map(bindingOf));
  checkSlots(shader, bindings);
  const variables = modules.flatMap(({ declares }) => declares.workgroup ?? []);
  const size = modules.find(({ declares }) => declares.workgroupSize !== undefined)?.declares.workgroupSize;
  const known = new Map<string, number | undefined>();
  return {
    bindings,
    structs: scalarStructs(bodies),
    constants,
    aliases,
    workgroupBytes: workgroupBytes(variables, { constants, aliases, structs: bodies, known, layouts: new Map() }),
    workgroupSize: workgroupSize(size ?? "", constants, known, shader),
  };
}

/** Throws `ShaderError`, with both names, for two resources with the same group and binding. */
export function checkSlots(file: string, bindings: readonly BindingDeclaration[]): void {
  const taken = new Map<string, string>();
  for (const { group, binding, name } of bindings) {
    const slot = `@group(${group}) @binding(${binding})`;
    const other = taken.get(slot);
    if (other) throw new ShaderError(`${file}: ${name} and ${other} both use ${slot}`, file);
    taken.set(slot, name);
  }
}

function scalarStructs(bodies: ReadonlyMap<string, string>): Map<string, StructFields> {
  const structs = new Map<string, StructFields>();
  for (const [name, body] of bodies) {
    const fields = splitList(body).map((field) => /^(\w+)\s*:\s*(u32|i32|f32)$/.exec(field));
    if (fields.some((field) => field === null)) continue;
    structs.set(
      name,
      fields.map((field) => ({ name: field?.[1] ?? "", type: (field?.[2] ?? "u32") as "u32" | "i32" | "f32" })),
    );
  }
  return structs;
}

function workgroupBytes(types: readonly string[], context: TypeContext): number | undefined {
  let total = 0;
  for (const type of types) {
    const bytes = typeSize(type, context);
    if (bytes === undefined) return undefined;
    total += Math.ceil(bytes / 16) * 16; // rounded as WebGPU's limit is
  }
  return total;
}

function workgroupSize(
  given: string,
  constants: ReadonlyMap<string, string>,
  known: TypeContext["known"],
  file: string,
): [number, number, number] {
  const size = (expression: string | undefined): number => {
    const value = expression === undefined ? 1 : evaluate(expression, constants, known);
    if (value === undefined || value < 1) {
      throw new ShaderError(
        `${file}: @workgroup_size(${given}) has ${expression}, expected a constant expression of positive integers`,
        file,
      );
    }
    return value;
  };
  const [x, y, z] = splitList(given);
  return [size(x), size(y), size(z)];
}
