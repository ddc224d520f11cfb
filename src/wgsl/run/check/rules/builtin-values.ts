import { bool, f32, type Type, u32, vectorOf } from "../../types.ts";

/** A value that a GPU gives to an entry point, or takes from it. */
interface BuiltinValue {
  readonly type: Type;
  readonly isOfCompute: boolean;
}

const [vec3u, vec4f] = [vectorOf(3, u32), vectorOf(4, f32)];
const list = (names: string, type: Type, isOfCompute: boolean) =>
  names.split(" ").map((name): [string, BuiltinValue] => [name, { type, isOfCompute }]);

/** Builtin values by name (WGSL, "Built-in Inputs and Outputs"). */
export const builtinValues: ReadonlyMap<string, BuiltinValue> = new Map([
  ...list("local_invocation_id global_invocation_id workgroup_id num_workgroups", vec3u, true),
  ...list("local_invocation_index global_invocation_index workgroup_index", u32, true),
  ...list("subgroup_invocation_id subgroup_size subgroup_id num_subgroups", u32, true),
  ...list("vertex_index instance_index sample_index sample_mask", u32, false),
  ...list("position", vec4f, false),
  ...list("front_facing", bool, false),
  ...list("frag_depth", f32, false),
]);
