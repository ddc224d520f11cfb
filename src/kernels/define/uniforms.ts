import { ShaderError } from "../../gpu/errors.ts";
import type { Uniform } from "../../gpu/program/dispatch.ts";
import type { BindingDeclaration } from "../../gpu/shader/shader-module.ts";
import type { Shader } from "../../gpu/shader/specialise.ts";
import { ShapeError } from "../../tensor/shape.ts";

/**
 * The bytes of a uniform struct of 4-byte scalars, with fields set by name. Throws `ShaderError` when names differ and
 * `ShapeError` when a value does not fit its type.
 */
export function packUniform(
  kernel: string,
  shader: Shader,
  declared: BindingDeclaration,
  values: Readonly<Record<string, number>>,
): Uniform {
  const fields = shader.declarations.structs.get(declared.type);
  if (!fields)
    throw new ShaderError(`${kernel}: ${declared.type} of ${declared.name} is not a struct of scalars`, kernel);
  const bytes = new Uint8Array(new ArrayBuffer(Math.ceil(fields.length / 4) * 16)); // uniform structs are aligned to 16 bytes
  const view = new DataView(bytes.buffer);
  const used: Record<string, number> = {};
  fields.forEach(({ name, type }, index) => {
    const value = values[name];
    if (typeof value !== "number") {
      const what = `${kernel}: ${declared.name}.${name}`;
      if (!(name in values)) throw new ShaderError(`${what} is not among the values given`, kernel);
      const hint = value === undefined ? ": is an option missing?" : "";
      throw new ShapeError(`${what} is ${JSON.stringify(value)}, expected ${type}${hint}`);
    }
    used[name] = value;
    if (type === "f32") {
      // An infinity may be intended, as the start of a maximum; a number that rounds to one is not.
      if (Number.isNaN(value) || Number.isFinite(value) !== Number.isFinite(Math.fround(value))) {
        throw new ShapeError(`${kernel}: ${declared.name}.${name} is ${value}, expected a number that f32 has`);
      }
      view.setFloat32(index * 4, value, true);
    } else {
      const [low, high] = type === "u32" ? [0, 2 ** 32 - 1] : [-(2 ** 31), 2 ** 31 - 1];
      if (!Number.isInteger(value) || value < low || value > high) {
        throw new ShapeError(`${kernel}: ${declared.name}.${name} is ${value}, expected ${type}`);
      }
      if (type === "u32") view.setUint32(index * 4, value, true);
      else view.setInt32(index * 4, value, true);
    }
  });
  for (const name of Object.keys(values)) {
    if (!(name in used)) throw new ShaderError(`${kernel}: ${declared.type} has no field ${name}`, kernel);
  }
  return { group: declared.group, binding: declared.binding, name: declared.name, bytes, values: used };
}
