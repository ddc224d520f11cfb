export { GpuError, ShaderError } from "./gpu/errors.ts";
export { Gpu } from "./gpu/gpu.ts";
export { type GpuOptions, openGpu } from "./gpu/open.ts";
export { rmsNorm } from "./kernels/norm/rms-norm.ts";
export { tensor } from "./tensor/tensor.ts";
