import { arrayOf, type Elements, type PlainType, plainType } from "../../tensor/dtype.ts";
import { formatShape, ShapeError, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { TokenRun } from "./schedule.ts";

/** A tensor in CPU memory, as it is sent: contiguous elements in their storage format. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly dtype: PlainType;
  readonly elements: Elements;
}

/** Throws `ShapeError` unless a tensor has the elements of its shape in an array of its type. */
export function checkHostTensor(what: string, { shape, dtype, elements }: HostTensor): void {
  const array = arrayOf[dtype];
  if (elements instanceof array && elements.length === sizeOf(shape)) return;
  const is = `${elements.length} elements in a ${elements.constructor.name}`;
  throw new ShapeError(`${what} has ${is}, expected ${sizeOf(shape)} in a ${array.name} for ${formatShape(shape)}`);
}

/** Reads a tensor back to the CPU; a view becomes contiguous. */
export async function toHost(x: Tensor): Promise<HostTensor> {
  return { shape: x.shape, dtype: plainType(x.dtype, "toHost"), elements: await x.readStored() };
}

/** The tokens of these runs along axis 2 of `[b, heads, tokens, d]`, run after run. */
export function takeTokens({ shape, dtype, elements }: HostTensor, runs: readonly TokenRun[]): HostTensor {
  const [b = 0, heads = 0, tokens = 0, d = 0] = shape;
  const count = runs.reduce((sum, run) => sum + run.count, 0);
  const taken = new arrayOf[dtype](b * heads * count * d);
  for (let row = 0; row < b * heads; row++) {
    for (const { first, stride, count: own, at } of runs) {
      for (let i = 0; i < own; i++) {
        const from = (row * tokens + first + i * stride) * d;
        taken.set(elements.subarray(from, from + d), (row * count + at + i) * d);
      }
    }
  }
  return { shape: [b, heads, count, d], dtype, elements: taken };
}

/**
 * Writes the tokens of a run, `[outer, count, inner]`, to their positions in `whole`, `[outer, tokens, inner]`. For
 * out, outer is b and inner h · dv; for lse, outer is b · h and inner 1.
 */
export function putTokens(
  whole: HostTensor,
  part: HostTensor,
  { first, stride, count }: TokenRun,
  outer: number,
  tokens: number,
): void {
  const inner = sizeOf(whole.shape) / (outer * tokens);
  for (let row = 0; row < outer; row++) {
    for (let i = 0; i < count; i++) {
      const from = (row * count + i) * inner;
      whole.elements.set(part.elements.subarray(from, from + inner), (row * tokens + first + i * stride) * inner);
    }
  }
}
