import type { Weights } from "../../formats/weights.ts";
import { bytesOf } from "../../tensor/formats/formats.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { DecoderConfig } from "../decoders/config.ts";
import type { StackedSource, WeightSource } from "../decoders/family.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { LoadOptions } from "./loader.ts";
import { matrixTypes, type TypeChoice } from "./matrix-types.ts";
import { storedRows } from "./stored-rows.ts";

type Part = Readonly<Record<string, unknown>>;

/** Sources that become vectors, or f32 by name, on the device; all others are matrices. */
const isVector = (key: string, { shape }: WeightSource) =>
  shape.length === 1 || /norm|bias|sinks|^convolution$/i.test(key);

/**
 * Bytes that the weights of a checked checkpoint take on the device, with matrices of the chosen types: what
 * `uploadWeights` allocates, from the files' headers. Weights that several heads of an encoder share count once.
 */
export function weightBytes(
  weights: Weights,
  { outer, layers }: Checkpoint<object, object>,
  config: Pick<DecoderConfig, "layers" | "mixture" | "tied" | "latent">,
  options: Pick<LoadOptions, "dtype" | "weights">,
): number {
  const types = matrixTypes(options, config);
  const matrix = (source: WeightSource | StackedSource, choose: TypeChoice): number => {
    const parts = "parts" in source ? source.parts.flat() : [source];
    const stored = parts.map((part) => storedRows(weights, part));
    const [only, ...others] = new Set(stored.map((one) => one.dtype));
    const rows = stored.reduce((sum, one) => sum + one.rows, 0);
    const columns = stored[0]?.columns ?? 0;
    const { factor } = "parts" in source ? {} : source;
    const scale = factor === undefined ? 0 : 4 * (typeof factor === "number" ? 1 : factor.length);
    return scale + bytesOf(choose(only && others.length === 0 ? only : "f32", columns), [rows, columns]);
  };
  const vector = ({ shape, rows }: WeightSource): number => {
    const [begin, end] = rows ?? [0, shape[0] ?? 1];
    return 4 * (end - begin) * sizeOf(shape.slice(1));
  };
  const known = new Set<string>();
  const part = (sources: Part, layer: number, once = false): number => {
    let bytes = 0;
    for (const [key, value] of Object.entries(sources)) {
      if (value === undefined) continue;
      const source = value as WeightSource | StackedSource;
      const isPart = !("name" in source || "parts" in source);
      if (once && "name" in source && known.has(source.name)) continue;
      if (once && "name" in source) known.add(source.name);
      if (isPart) bytes += part(value as Part, layer, once || key === "heads");
      else if ("name" in source && isVector(key, source)) bytes += vector(source);
      else bytes += matrix(source, types.of(key, layer));
    }
    return bytes;
  };
  const flags = config.mixture ? 4 * config.layers : 0;
  return layers.reduce((sum, layer, index) => sum + part({ ...layer }, index), flags + part({ ...outer }, 0));
}
