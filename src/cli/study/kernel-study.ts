// What a kernel is found to do: what `study KERNEL --json` prints.
import type { Prepared, Sizes } from "../../study/kernel.ts";
import type { Schedules } from "../../study/schedules.ts";
import type { EntryPoint } from "../../wgsl/run/program.ts";
import type { PrintedLine } from "../../wgsl/run/results.ts";
import type { Request } from "../../wgsl/run/step/types.ts";
import type { OnGpu } from "./on-gpu.ts";
import type { AccessQuality } from "./sections.ts";

/** A line of a file, from 1. */
export interface FileLine {
  readonly file: string;
  readonly line: number;
}

/** A counter, with what the kernel states of it, and the best that it could be. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly formula?: { readonly text: string; readonly value: number };
  readonly ideal?: number;
}

/** What one access in the text requests, with its line. */
type AccessFigures = AccessQuality & FileLine;

/** A race, or what else is wrong, with the lines that it is about. */
export interface Fault {
  readonly kind: string;
  readonly places: readonly FileLine[];
  readonly between?: "lanes" | "workgroups";
  readonly name?: string;
  readonly count?: number;
}

/** How far an output is from its reference, or from the same text in float64. */
export interface Distance {
  readonly name: string;
  /** The largest difference, and the largest number. */
  readonly difference: number;
  readonly largest: number;
}

/** Numbers of an output that are within what WGSL allows of float64. */
export interface Float64Figures {
  readonly name: string;
  readonly within: number;
  readonly outside: number;
  /** Not compared: rounding decides between them and other numbers, or WGSL says nothing of them. */
  readonly decided: number;
  readonly unbounded: number;
  /** The largest share of what is allowed. */
  readonly worst: number;
}

/** What was found. Fields that were not requested are absent. */
export interface KernelStudy {
  readonly kernel: string;
  readonly sizes: Sizes;
  readonly workgroups: readonly [number, number, number];
  readonly workgroupSize: readonly [number, number, number];
  readonly subgroupSize: number;
  readonly steps: number;
  readonly prints: readonly (Omit<PrintedLine, "line"> & FileLine)[];
  readonly figures?: readonly Figure[];
  readonly accesses?: readonly AccessFigures[];
  readonly faults?: readonly Fault[];
  readonly notes?: readonly Fault[];
  readonly reference?: { readonly name: string; readonly outputs: readonly Distance[] };
  readonly schedules?: Schedules;
  readonly float64?: readonly Float64Figures[];
  readonly trace?: readonly TracedStep[];
  /** Whether a GPU left the same in the buffers that the kernel may write, and printed the same. */
  readonly gpu?: Pick<OnGpu, "equal" | "class" | "refused">;
}

/** What a statement requests from memory. */
export interface TracedAccess {
  readonly kind: Request["kind"];
  readonly name: string;
  /** Bytes that each thread accesses, from its address on. */
  readonly bytes: number;
  readonly lanes: readonly number[];
  /** Bytes from the start of the memory; -1 is out of bounds. */
  readonly addresses: readonly number[];
}

/** A statement that the first subgroup of the first workgroup executes. */
export interface TracedStep extends FileLine {
  readonly step: number;
  readonly activeLanes: number;
  readonly accesses: readonly TracedAccess[];
}

/** A prepared kernel, checked, with a way from positions in its joined text to lines of files. */
export interface Checked extends Prepared {
  readonly entry: EntryPoint;
  readonly placeOf: (at: number) => FileLine;
}
