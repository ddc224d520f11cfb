import weightBf16 from "#shaders/lib/weight/bf16.wgsl";
import weightF16 from "#shaders/lib/weight/f16.wgsl";
import weightF16Packed from "#shaders/lib/weight/f16-packed.wgsl";
import weightF32 from "#shaders/lib/weight/f32.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import type { ShaderModule } from "../../gpu/shader-module.ts";
import type { DType } from "../../tensor/dtype.ts";
import { tuning } from "../tuning.ts";

/** Types that weights may be stored in. */
export const weightTypes = ["f32", "f16", "bf16"] as const satisfies readonly DType[];

/**
 * The part that reads weights of this type on this device. f16 is read as such where the device has `shader-f16`, and
 * from pairs in a u32 elsewhere and where that is faster. The numbers are the same.
 */
export function weightPart(dtype: DType | undefined, gpu: Pick<Gpu, "features" | "adapter">): ShaderModule {
  if (dtype === "bf16") return weightBf16;
  if (dtype !== "f16") return weightF32;
  return gpu.features.has("shader-f16") && tuning(gpu).f16 === "native" ? weightF16 : weightF16Packed;
}

/** Bytes that `load_weight` and `load_weight4` of a part request: packed types have no load shorter than a u32. */
export function weightLoadBytes(part: ShaderModule): { readonly one: number; readonly four: number } {
  if (part === weightF32) return { one: 4, four: 16 };
  return { one: part === weightF16 ? 2 : 4, four: 8 };
}
