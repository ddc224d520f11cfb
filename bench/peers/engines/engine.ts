import type { Problem } from "../problems.ts";

/** A problem with its inputs on the GPU, ready to be run repeatedly. */
export interface Prepared {
  /** What computes it: a kernel's variant, a function, an operator. */
  readonly variant: string;
  /** Enqueues one run. Nothing is read back, and nothing waits for the GPU unless the engine itself does. */
  readonly run: () => void | Promise<void>;
  /** Submits what the engine has enqueued and waits until the GPU has finished. */
  readonly settle: () => Promise<void>;
  /** The result of the last run, `[t, h, d]` or `[m, n]`, after `settle`. */
  readonly read: () => Promise<ArrayLike<number>>;
  readonly dispose: () => void | Promise<void>;
  readonly dispatches?: number;
  readonly workspaceBytes?: number;
}

/** An engine with its device. */
export interface OpenEngine {
  readonly version: string;
  readonly device: GPUDevice;
  /**
   * The methods by which the engine's users compute this; none where it cannot. Each uploads the inputs when it is
   * called.
   */
  readonly ways: (problem: Problem) => readonly (() => Promise<Prepared>)[];
}

/** An engine by name. Opening it loads its code. */
export interface Engine {
  readonly name: string;
  /** False for this engine: the others are its peers. */
  readonly peer: boolean;
  readonly summary: string;
  readonly open: () => Promise<OpenEngine>;
}
