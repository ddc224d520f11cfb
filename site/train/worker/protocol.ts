import type { LoadProgress } from "../../../src/formats/load-progress.ts";
import type { TrainingStep } from "../../../src/train/trainer/results.ts";
import type { Settings } from "../setup/settings.ts";
import type { Baselines } from "../tasks/baselines.ts";
import type { RouterFacts } from "./expert-use.ts";
import type { Attention, History, Look } from "./history.ts";

/** The settings and the text of a run. */
export interface RunRequest {
  readonly settings: Settings;
  /** The reader's text, for tasks that take one. */
  readonly text: string;
}

/** Memory over the list of a step's calls, forward and backward. */
export interface MemoryLine {
  /** What is recomputed in each layer instead of being kept. */
  readonly recompute: string;
  /** Bytes of live temporaries at each dispatch, in order. */
  readonly alive: readonly number[];
  /** Index of the first dispatch of the backward half. */
  readonly backward: number;
  /** Bytes of the buffers that temporaries share. */
  readonly planned: number;
}

/** A model trained here. */
export interface RunFacts {
  /** Number of trained weights. */
  readonly parameters: number;
  readonly layers: number;
  readonly heads: number;
  /** Tokens of a sequence. */
  readonly context: number;
  /** Parts of the model whose gradients are measured separately. */
  readonly parts: readonly string[];
  /** Bytes of weights, and of the optimizer's state. */
  readonly weightBytes: number;
  readonly stateBytes: number;
  readonly memory: readonly MemoryLine[];
  readonly baselines: Baselines;
  /** Number of held-out examples evaluated. */
  readonly heldOut: number;
  /** For a mixture of experts. */
  readonly routers?: RouterFacts | undefined;
}

/** A run stored in this browser. */
export interface KeptRun extends RunRequest {
  readonly history: History;
}

/** The preparation of a step: making a model, evaluating it, compiling the kernels of a first step. */
export type Doing = "model" | "look" | "step";

/** Reports during training. */
export type Progress =
  | { readonly kind: "doing"; readonly what: Doing }
  /** Progress of loading the pretrained model. */
  | { readonly kind: "loading"; readonly progress: LoadProgress }
  | {
      readonly kind: "steps";
      readonly steps: readonly TrainingStep[];
      /** Milliseconds of these steps, without measurements in between. */
      readonly milliseconds: number;
      /** Submits of a step. */
      readonly submits: number;
    }
  | { readonly kind: "look"; readonly look: Look; readonly attention: readonly Attention[] }
  /** How far the step after an evaluation moved the weights. */
  | { readonly kind: "measured"; readonly look: Look }
  /** The run as stored in this browser. */
  | { readonly kind: "saved"; readonly step: number; readonly run: Blob }
  /** The run that the browser refused to store, with the reason. */
  | { readonly kind: "not-saved"; readonly step: number; readonly run: Blob; readonly why: string };

/** Why training has ended. */
export interface Ended {
  readonly reason: "paused" | "learnt" | "steps" | "diverged";
  /** For a diverged loss: what happened. The last save is from before. */
  readonly says?: string;
}

/** An exported folder. */
export interface Exported {
  readonly name: string;
  readonly files: Readonly<Record<string, Blob>>;
}

/** Calls of the page to its worker. */
export interface Calls {
  /** The kept run of a task. */
  readonly kept: [{ readonly task: Settings["task"]; readonly sim: string | undefined }, KeptRun | undefined, never];
  /**
   * `base` is the address of the bundled model. Makes the model, or that of a run: the task's stored run, or the given
   * one. Another run's model is freed.
   */
  readonly open: [
    RunRequest & { readonly from: "kept" | Blob | undefined; readonly base: string; readonly sim: string | undefined },
    { readonly facts: RunFacts; readonly history: History },
    Progress,
  ];
  /** Trains until `pause`, the last step, or so many steps. */
  readonly run: [{ readonly most?: number }, Ended, Progress];
  readonly pause: [Record<string, never>, undefined, never];
  /** Saves the run in this browser now; returns the step. */
  readonly save: [Record<string, never>, number, Progress];
  /** Ends the run, and deletes its save. */
  readonly forget: [{ readonly task: Settings["task"]; readonly sim: string | undefined }, undefined, never];
  /** The files of the trained model or adapter, or of an adapter's whole model. */
  readonly export: [{ readonly whole: boolean }, Exported, never];
}
