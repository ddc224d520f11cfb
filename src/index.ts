export { type GpuOptions, openGpu } from "./gpu/open.ts";
export { rmsNorm } from "./kernels/norm/rms-norm.ts";
export { tensor } from "./tensor/tensor.ts";
