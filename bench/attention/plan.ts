import type { AttentionOptions, Gpu, Tensor } from "../../src/index.ts";
import type { TimingOptions } from "../harness/timing.ts";
import type { BenchRow, Peaks } from "../result.ts";
import type { CallTensors } from "./call-shape.ts";
import type { AttentionCase } from "./case.ts";
import type { Definition } from "./truth.ts";

/** A measured way of computing attention: a variant of the engine's table, or an algorithm. */
export interface AttentionSubject {
  readonly name: string;
  readonly record: (gpu: Gpu, tensors: CallTensors, options: AttentionOptions) => { readonly out: Tensor };
  /** Why it cannot take a call; undefined when it can. */
  readonly refusal: (gpu: Gpu, tensors: CallTensors, options: AttentionOptions) => string | undefined;
  /** Bytes that it needs other than its result; default those of the recorded program. */
  readonly workspace?: ((tensors: CallTensors, options: AttentionOptions) => number) | undefined;
  /**
   * The definition its result is compared with; default softmax attention. Times are only compared within one
   * definition.
   */
  readonly definition?: Definition;
  /** Its operations, if they are not those of the definition. */
  readonly flops?: (given: AttentionCase, livePairs: number) => number;
}

/** Everything to measure. */
export interface AttentionPlan {
  readonly cases: readonly AttentionCase[];
  /** The subjects for all cases; default those that each case names, or all that apply. */
  readonly subjects?: readonly AttentionSubject[] | undefined;
  readonly timing: TimingOptions;
  readonly clock: NonNullable<BenchRow["clock"]>;
  /** Minimum total bytes of alternating inputs; 0 for one set. */
  readonly rotateBytes: number;
  /**
   * True to measure the device's peaks, unless no case can be run, or peaks measured before; false for rows without
   * shares of them.
   */
  readonly peaks: boolean | Peaks;
  /** Further options for the rows' commands, such as `--adapter`. */
  readonly commandOptions: readonly string[];
}
