import type { LoadProgress } from "../../../src/formats/load-progress.ts";
import type { TrainingStep } from "../../../src/train/trainer/results.ts";
import type { Settings } from "../setup/settings.ts";
import type { Baselines } from "../tasks/baselines.ts";
import type { RouterFacts } from "./expert-use.ts";
import type { Attention, History, Look } from "./history.ts";

/** What a run is of. */
export interface RunRequest {
  readonly settings: Settings;
  /** The reader's text, for the task that takes one. */
  readonly text: string;
}

/** Memory over the list of a step's calls, forward and backward. */
export interface MemoryLine {
  /** What of each layer is computed again instead of being kept. */
  readonly recompute: string;
  /** Bytes of temporaries that are alive at each dispatch, in order. */
  readonly alive: readonly number[];
  /** Index of the first dispatch of the backward half. */
  readonly backward: number;
  /** Bytes of the buffers that temporaries share. */
  readonly planned: number;
}

/** A model that is trained here. */
export interface RunFacts {
  /** Numbers that training changes. */
  readonly parameters: number;
  readonly layers: number;
  readonly heads: number;
  /** Tokens of a sequence. */
  readonly context: number;
  /** Parts of the model whose gradients are measured apart. */
  readonly parts: readonly string[];
  /** Bytes of weights, and of what the optimiser keeps. */
  readonly weightBytes: number;
  readonly stateBytes: number;
  readonly memory: readonly MemoryLine[];
  readonly baselines: Baselines;
  /** Examples that are held out and looked at. */
  readonly heldOut: number;
  /** Of a mixture of experts. */
  readonly routers?: RouterFacts | undefined;
}

/** A run that is kept in this browser. */
export interface KeptRun extends RunRequest {
  readonly history: History;
}

/** What is done before a step: a model is made, it is looked at, a first step compiles its kernels. */
export type Doing = "model" | "look" | "step";

/** What comes while a model is trained. */
export type Progress =
  | { readonly kind: "doing"; readonly what: Doing }
  /** How far the model is that was trained before. */
  | { readonly kind: "loading"; readonly progress: LoadProgress }
  | {
      readonly kind: "steps";
      readonly steps: readonly TrainingStep[];
      /** Milliseconds that they took, what is measured in between apart. */
      readonly milliseconds: number;
      /** Submits of a step. */
      readonly submits: number;
    }
  | { readonly kind: "look"; readonly look: Look; readonly attention: readonly Attention[] }
  /** How far the step after a look moved the weights. */
  | { readonly kind: "measured"; readonly look: Look }
  /** The run as it is kept in this browser. */
  | { readonly kind: "saved"; readonly step: number; readonly run: Blob }
  /** The run as it would be kept, but for what the browser says. */
  | { readonly kind: "not-saved"; readonly step: number; readonly run: Blob; readonly why: string };

/** Why training has ended. */
export interface Ended {
  readonly reason: "paused" | "learnt" | "steps" | "exploded";
  /** What happened, of a loss that exploded: the run as it was kept last is before it. */
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
  /** `base` is the address of the bundled model. Makes the model, or that of a run: the one kept of the task, or the given one. Another run's leaves the memory. */
  readonly open: [
    RunRequest & { readonly from: "kept" | Blob | undefined; readonly base: string; readonly sim: string | undefined },
    { readonly facts: RunFacts; readonly history: History },
    Progress,
  ];
  /** Trains until `pause`, the last step, or so many steps. */
  readonly run: [{ readonly most?: number }, Ended, Progress];
  readonly pause: [Record<string, never>, undefined, never];
  /** Keeps the run in this browser now; gives the step. */
  readonly save: [Record<string, never>, number, Progress];
  /** Ends the run, and deletes what is kept of it. */
  readonly forget: [{ readonly task: Settings["task"]; readonly sim: string | undefined }, undefined, never];
  /** The files of what was trained, or of the whole model where that is an adapter's. */
  readonly export: [{ readonly whole: boolean }, Exported, never];
}
