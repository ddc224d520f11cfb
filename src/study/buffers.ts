// What the interpreter takes: a buffer for each variable that a kernel uses.
import { halfBits } from "../wgsl/run/numbers.ts";
import type { EntryPoint, Variable } from "../wgsl/run/program.ts";
import { type ScalarName, scalarOf, type Type } from "../wgsl/run/types.ts";
import { type Dispatch, type Inputs, inputsOf } from "./dispatch.ts";
import { bufferBytes } from "./on-gpu.ts";

/**
 * What the buffers of a kernel hold before a dispatch. Outputs are NaN. Numbers become f16 where the kernel has such, so
 * that a dispatch serves every part that stores its elements one by one. Throws for a buffer that the dispatch does not
 * name.
 */
export function buffersOf(
  { function: { uses } }: EntryPoint,
  dispatch: Dispatch,
  inputs: Inputs = inputsOf(dispatch),
): Map<Variable, ArrayBuffer> {
  const buffers = new Map<Variable, ArrayBuffer>();
  for (const variable of uses) if (variable.binding) buffers.set(variable, bufferOf(variable, dispatch, inputs));
  return buffers;
}

function bufferOf(variable: Variable, { uniforms, outputs }: Dispatch, inputs: Inputs): ArrayBuffer {
  const { name, type, space } = variable;
  const given = inputs[name];
  if (space === "uniform" && !given) return uniformOf(variable, uniforms[name] ?? {});
  const numbers = given ?? new Float32Array(outputs[name] ?? 0).fill(Number.NaN);
  if (numbers.length === 0) throw new Error(`the dispatch does not name ${name}`);
  const stored = scalarIn(type) === "f16" ? Uint16Array.from(numbers, halfBits) : numbers;
  const buffer = new ArrayBuffer(bufferBytes(variable, stored.byteLength));
  new Uint8Array(buffer).set(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength));
  return buffer;
}

/** The scalars that a value consists of; undefined for structs. */
const scalarIn = (type: Type): ScalarName | undefined =>
  type.kind === "array" ? scalarIn(type.of) : scalarOf(type)?.scalar;

/** Fields that are not named are 0. */
function uniformOf(variable: Variable, fields: Readonly<Record<string, number>>): ArrayBuffer {
  const { name, type } = variable;
  if (type.kind !== "struct") throw new Error(`the uniform ${name} is no struct`);
  const buffer = new ArrayBuffer(bufferBytes(variable, type.size));
  const view = new DataView(buffer);
  for (const { name: field, offset, type: of } of type.members) {
    const value = fields[field] ?? 0;
    if (scalarOf(of)?.scalar === "f32") view.setFloat32(offset, value, true);
    else view.setUint32(offset, value, true);
  }
  return buffer;
}
