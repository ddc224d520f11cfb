// A compute shader run without a GPU. `shaderformer/wgsl-run`.
export { WgslError } from "./wgsl/error.ts";
export {
  type PrintedLine,
  type RunBinding,
  type RunOptions,
  type RunResult,
  runWgsl,
  type SourceLine,
} from "./wgsl/run/run.ts";
