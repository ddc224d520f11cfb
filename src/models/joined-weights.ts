// Projections of one input, whose weights lie in one tensor so that a kernel can read them in one dispatch.
import type { Linear } from "../blocks/linear.ts";
import type { Weights } from "../formats/weights.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { planeRowBytes } from "../tensor/formats.ts";
import { slice } from "../tensor/views.ts";
import type { WeightSource } from "./family.ts";
import type { TypeChoice } from "./matrix-types.ts";
import { storedRows } from "./stored-rows.ts";

/** The sources of a projection, and what chooses its type on the device. */
export interface LinearSources {
  readonly type: TypeChoice;
  readonly weight: WeightSource;
  readonly bias?: WeightSource | undefined;
}

/** Bytes at whose multiples bindings may begin, on every device. */
const alignment = 256;

/**
 * Whether projections can be one: their types are the same, all or none have a bias, none has to be transposed, they take
 * no more than one binding, and each begins where a binding may. Each type is chosen here, once.
 */
export function joining(
  gpu: Gpu,
  weights: Weights,
  sources: readonly LinearSources[],
): { readonly canJoin: boolean; readonly chosen: readonly TypeChoice[] } {
  if (sources.some(({ weight: { transposed, packed } }) => transposed || packed)) {
    return { canJoin: false, chosen: sources.map(({ type }) => type) };
  }
  const stored = sources.map(({ weight }) => storedRows(weights, weight, false));
  const types = stored.map(({ dtype, columns }, i) => sources[i]?.type(dtype, columns) ?? dtype);
  const chosen = types.map((type) => () => type);
  const [type = "f32"] = types;
  const columns = stored[0]?.columns ?? 0;
  const biases = sources.filter(({ bias }) => bias).length;
  const isUniform =
    new Set(types).size === 1 &&
    new Set(stored.map(({ dtype }) => dtype)).size === 1 &&
    stored.every((one) => one.columns === columns) &&
    (biases === 0 || biases === sources.length);
  if (!isUniform) return { canJoin: false, chosen };
  const limit = Math.min(gpu.limits.binding, gpu.limits.buffer);
  const strides = [...Object.values(planeRowBytes(type, columns)), ...(biases > 0 ? [4] : [])];
  const canJoin = strides.every((bytes) => {
    let begin = 0;
    for (const { rows } of stored) {
      if ((begin * bytes) % alignment !== 0) return false;
      begin += rows;
    }
    return begin * bytes <= limit;
  });
  return { canJoin, chosen };
}

/** The projections that one consists of, in order. */
export function partsOf({ weight, bias }: Linear, sources: readonly LinearSources[]): Linear[] {
  let end = 0;
  return sources.map(({ weight: { rows, shape } }) => {
    const begin = end;
    end += rows ? rows[1] - rows[0] : (shape[0] ?? 0);
    return { weight: slice(weight, 0, begin, end), bias: bias && slice(bias, 0, begin, end) };
  });
}
