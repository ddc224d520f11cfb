import type { AttentionOptions, Gpu, Tensor } from "../../src/index.ts";
import type { TimingOptions } from "../harness/timing.ts";
import type { BenchRow, Peaks } from "../result.ts";
import type { CallTensors } from "./call-shape.ts";
import type { AttentionCase } from "./case.ts";
import type { Definition } from "./truth.ts";

/** A way of doing attention that is measured: a row of the engine's table, or whatever does the same. */
export interface AttentionSubject {
  readonly name: string;
  readonly record: (gpu: Gpu, tensors: CallTensors, options: AttentionOptions) => { readonly out: Tensor };
  /** Why it cannot take a call; undefined when it can. */
  readonly refusal: (gpu: Gpu, tensors: CallTensors, options: AttentionOptions) => string | undefined;
  /** Bytes that it needs beside its result; where left out, those of the recorded program. */
  readonly workspace?: ((tensors: CallTensors, options: AttentionOptions) => number) | undefined;
  /** What its result is held against; the softmax where left out. Another one's time is compared with no other's. */
  readonly definition?: Definition;
  /** Operations of its own, where it does not do those of the definition. */
  readonly flops?: (given: AttentionCase, livePairs: number) => number;
}

/** Everything that is to be measured. */
export interface AttentionPlan {
  readonly cases: readonly AttentionCase[];
  /** What is measured on all of them; where left out, what each names, or all that applies to it. */
  readonly subjects?: readonly AttentionSubject[] | undefined;
  readonly timing: TimingOptions;
  readonly clock: NonNullable<BenchRow["clock"]>;
  /** Inputs that take turns, at least so many bytes together; 0 for one set. */
  readonly rotateBytes: number;
  /** True to measure what the device does at most, or what was measured before; false for rows without shares of it. */
  readonly peaks: boolean | Peaks;
  /** Options of the command that a row names beside its own, such as `--adapter`. */
  readonly commandOptions: readonly string[];
}
