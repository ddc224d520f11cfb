import { definitionOf } from "../../scopes.ts";
import type { Attribute, FunctionDeclaration, Name, Struct } from "../../tree.ts";
import type { EntryParameter, EntryPoint, Input, UserFunction } from "../program.ts";
import { type Type, u32, vectorOf } from "../types.ts";
import { type Context, fail } from "./context.ts";

const vec3u = vectorOf(3, u32);

/** Builtin values of compute shaders. */
const inputs: Readonly<Record<string, Type>> = {
  local_invocation_id: vec3u,
  local_invocation_index: u32,
  global_invocation_id: vec3u,
  global_invocation_index: u32,
  workgroup_id: vec3u,
  workgroup_index: u32,
  num_workgroups: vec3u,
  subgroup_invocation_id: u32,
  subgroup_size: u32,
  subgroup_id: u32,
  num_subgroups: u32,
};

/** Most threads in a workgroup. */
const maxThreads = 1024;

/** An entry point: its workgroups' size, and what its parameters are. */
export function entryPointOf(context: Context, node: FunctionDeclaration, own: UserFunction, code: string): EntryPoint {
  const size = node.attributes.find(({ name }) => name === "workgroup_size");
  const [x = 1, y = 1, z = 1] = (size?.values ?? []).map((one) => context.wholeNumber(one, "@workgroup_size"));
  if (!size || x < 1 || y < 1 || z < 1 || x * y * z > maxThreads) {
    throw fail(`${node.label.name} needs a @workgroup_size of 1 to ${maxThreads} threads`, node.label);
  }
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
  return { name: node.label.name, function: own, parameters, workgroupSize: [x, y, z] };
}

function inputOf(field: Struct["members"][number], type: Type | undefined, code: string): Input {
  const builtin = field.attributes.map((one) => wordOf(one, code)).find((word) => word !== undefined);
  const expected = builtin === undefined ? undefined : inputs[builtin];
  if (builtin === undefined || !expected) {
    throw fail(`${field.label.name} is no builtin value of a compute shader`, field.label);
  }
  if (type !== expected) throw fail(`${builtin} is a ${expected.name}`, field.label);
  return { builtin, type: expected };
}

const wordOf = ({ name, at, end }: Attribute, code: string): string | undefined =>
  name === "builtin" ? /\(\s*(\w+)/.exec(code.slice(at, end))?.[1] : undefined;

/** The struct that a name stands for, if need be by aliases. */
function structOf(context: Context, name: Name): Struct | undefined {
  const node = definitionOf(context.scopes, name)?.node;
  if (node?.kind === "alias") return structOf(context, node.type);
  return node?.kind === "struct" ? node : undefined;
}
