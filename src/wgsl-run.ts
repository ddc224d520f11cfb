// A compute shader run without a GPU. `shaderformer/wgsl-run`.
export { WgslError } from "./wgsl/error.ts";
export type { RunBinding } from "./wgsl/run/bindings.ts";
export type { Float64Numbers } from "./wgsl/run/float64/comparison.ts";
export type { BufferCounters, FoundNote, FoundRace, LaneAccess, PrintedLine, SourceLine } from "./wgsl/run/results.ts";
export {
  type RunMode,
  type RunOptions,
  type RunResult,
  runWgsl,
} from "./wgsl/run/run.ts";
