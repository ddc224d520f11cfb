import type { Weights } from "../../formats/weights.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Loader, type LoadOptions } from "./loader.ts";

/** The tensors of a small model: the shape of each by its name in the checkpoint. */
export type NamedShapes = Readonly<Record<string, readonly number[]>>;

/** The tensors of a small model on the device. */
export interface NamedWeights {
  /** The tensor of a name, f32. Throws `RangeError` for an unknown name. */
  readonly of: (name: string) => Tensor;
  dispose(): void;
}

/**
 * Reads and uploads tensors by their names, as f32.
 *
 * @throws FormatError for a tensor that is missing, or of another shape.
 */
export async function uploadNamed(
  gpu: Gpu,
  stored: Weights,
  shapes: NamedShapes,
  options: Omit<LoadOptions, "dtype" | "weights"> = {},
): Promise<NamedWeights> {
  const loader = new Loader(gpu, stored, { ...options, dtype: "f32" });
  try {
    const entries = Object.entries(shapes).map(([name, shape]) => {
      const source = { name, shape };
      return [name, shape.length === 1 ? loader.vector(source) : loader.matrix(source)] as const;
    });
    const tensors = new Map(entries);
    await loader.finish();
    const of = (name: string): Tensor => {
      const found = tensors.get(name);
      if (!found) throw new RangeError(`there is no tensor ${name}, expected one of ${[...tensors.keys()].join(", ")}`);
      return found;
    };
    return { of, dispose: () => loader.dispose() };
  } catch (error) {
    loader.dispose();
    throw error;
  }
}
