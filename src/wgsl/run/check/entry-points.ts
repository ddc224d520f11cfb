import { definitionOf } from "../../scopes.ts";
import type { Attribute, FunctionDeclaration, Name, Struct } from "../../tree.ts";
import type { EntryParameter, EntryPoint, Input, UserFunction } from "../program.ts";
import { i32, type Type, u32 } from "../types.ts";
import { unified } from "./builtins.ts";
import { type Context, fail } from "./context.ts";
import { valueIn } from "./expressions.ts";
import { concrete } from "./fold.ts";
import { builtinOf } from "./rules/attributes.ts";
import { builtinValues } from "./rules/builtin-values.ts";

/** Most threads in a workgroup. */
const maxThreads = 1024;

/** An entry point: its workgroups' size, and what its parameters are. */
export function entryPointOf(context: Context, node: FunctionDeclaration, own: UserFunction, code: string): EntryPoint {
  if (node.result) throw fail("an entry point of a compute shader returns nothing", node.result);
  const workgroupSize = workgroupSizeOf(context, node);
  const parameters = node.parameters.map((field, i): EntryParameter => {
    const variable = own.parameters[i] as UserFunction["parameters"][number];
    const struct = structOf(context, field.type);
    const members = struct?.members ?? [field];
    return {
      variable,
      inputs: members.map((member, j) => {
        const type = struct && variable.type.kind === "struct" ? variable.type.members[j]?.type : variable.type;
        return inputOf(member, type, code);
      }),
    };
  });
  checkInputs(node, parameters);
  checkBindings(own);
  return { name: node.label.name, function: own, parameters, workgroupSize };
}

function workgroupSizeOf(context: Context, { attributes, label }: FunctionDeclaration): EntryPoint["workgroupSize"] {
  const size = attributes.find(({ name }) => name === "workgroup_size");
  const values = size?.values ?? [];
  const common = unified(values.map((one) => valueIn(context, one)));
  if (size && (!common || common.some((one) => ![i32, u32].some((type) => concrete(one).type === type))))
    throw fail("@workgroup_size takes numbers of one type, i32 or u32", size);
  const [x = 1, y = 1, z = 1] = values.map((one) => context.wholeNumber(one, "@workgroup_size", true));
  if (size && x >= 1 && y >= 1 && z >= 1 && x * y * z <= maxThreads) return [x, y, z];
  throw fail(`${label.name} needs a @workgroup_size of 1 to ${maxThreads} threads`, label);
}

function inputOf(field: Struct["members"][number], type: Type | undefined, code: string): Input {
  const builtin = builtinOf(field.attributes, code);
  const value = builtin === undefined ? undefined : builtinValues.get(builtin);
  if (builtin === undefined || !value?.isOfCompute) {
    throw fail(`${field.label.name} is no builtin value of a compute shader`, field.label);
  }
  if (type !== value.type) throw fail(`${builtin} is a ${value.type.name}`, field.label);
  const other = field.attributes.find(isOfOtherStages);
  if (other) throw fail(`@${other.name} is not of compute shaders`, other);
  return { builtin, type: value.type };
}

const isOfOtherStages = ({ name }: Attribute): boolean => ["location", "interpolate", "invariant"].includes(name);

/** Throws for a builtin value that an entry point takes twice. */
function checkInputs({ label }: FunctionDeclaration, parameters: readonly EntryParameter[]): void {
  const seen = new Set<string>();
  for (const { builtin } of parameters.flatMap(({ inputs }) => inputs)) {
    if (seen.has(builtin)) throw fail(`${label.name} takes ${builtin} twice`, label);
    seen.add(builtin);
  }
}

/** Throws for two variables that an entry point uses at one binding. */
function checkBindings({ uses }: UserFunction): void {
  const seen = new Map<string, string>();
  for (const { binding, name, span } of uses) {
    if (!binding) continue;
    const key = `@group(${binding.group}) @binding(${binding.binding})`;
    const other = seen.get(key);
    if (other !== undefined) throw fail(`${name} and ${other} are both ${key}`, span);
    seen.set(key, name);
  }
}

/** The struct that a name stands for, if need be by aliases. */
function structOf(context: Context, name: Name): Struct | undefined {
  const node = definitionOf(context.scopes, name)?.node;
  if (node?.kind === "alias") return structOf(context, node.type);
  return node?.kind === "struct" ? node : undefined;
}
