import { computed, signal } from "@preact/signals";
import { ownKernel, startBuffers } from "./own/given.ts";
import type {
  Float64Report,
  Frame,
  Joined,
  Opened,
  OtherKernel,
  OtherOrders,
  Prepared,
  Problem,
  Progress,
  RunReport,
  SourceFile,
  Study,
} from "./worker/protocol.ts";

/** The study of a first visit. */
export const standard: Study = {
  kernel: "gemm/naive",
  sizes: {},
  constants: {},
  edits: {},
  seed: 0,
  subgroupSize: 32,
  mapping: "linear",
};

/** How many threads a subgroup may have. */
export const subgroupSizes: readonly number[] = [4, 8, 16, 32, 64, 128];
/** Which threads a subgroup may have, in words. */
export const mappings: Readonly<Record<Study["mapping"], string>> = {
  linear: "neighbouring threads",
  permuted: "shuffled threads",
};
/** What is studied. */
export const study = signal<Study>(standard);
/** The workgroup that is stepped through. */
export const lens = signal<readonly [number, number, number]>([0, 0, 0]);
/** The subgroup that is looked at; keys step it. */
export const strand = signal(0);
/** The thread that is looked at, as a lane: counted by subgroups. */
export const lane = signal(0);
/** Expressions whose values are shown for every thread. */
export const watches = signal<readonly string[]>([]);
/** The watch that the picture of the threads shows, by its number. */
export const shownWatch = signal(0);

/** A line where a run stops. */
export interface StopLine {
  readonly file: string;
  readonly line: number;
  /** An expression that has to hold for a thread; undefined stops always. */
  readonly condition?: string | undefined;
}
export const stops = signal<readonly StopLine[]>([]);

/** What stops a run at any line. */
export interface StopsAnywhere {
  /** A race, or an access out of bounds. */
  readonly faults: boolean;
  /** A NaN that is made of numbers. */
  readonly nans: boolean;
  /** A write to a word of a memory. */
  readonly write?: { readonly memory: string; readonly word: number } | undefined;
}
export const stopsAnywhere = signal<StopsAnywhere>({ faults: false, nans: false });
/** The memory that is shown, by its name; undefined shows the one that is accessed. */
export const shownMemory = signal<string | undefined>(undefined);
/** The file that is shown, by its name; undefined shows the one in which the run stands. */
export const shownFile = signal<string | undefined>(undefined);
/** The kernel whose text has the mistake of its ladder. */
export const planted = signal<string | undefined>(undefined);
/** Whether the shown file is in the editor. */
export const editing = signal(false);
/** What the reader pointed at in the text: a name or an expression, and its line. */
export const picked = signal<{ readonly text: string; readonly file: string; readonly line: number } | undefined>(
  undefined,
);
/** The word of the shown memory that the reader pointed at. */
export const word = signal(0);
/** The step of a link, until the run has come there. */
export const linkedStep = signal(0);

/** The kernel's files and sizes, once they are there; of the kernel before until then. */
export const prepared = signal<Prepared | undefined>(undefined);
/** Kernels to compare with, by name, as far as they were requested. */
export const others = signal<ReadonlyMap<string, OtherKernel>>(new Map());
/** The whole dispatch, run once; undefined until that has ended. */
export const report = signal<RunReport | undefined>(undefined);
/** What other orders leave, where races or the order of atomic functions were found. */
export const orders = signal<OtherOrders | undefined>(undefined);
/** The same in float64, with bounds; undefined until it is there, and where it cannot be computed. */
export const float64 = signal<Float64Report | undefined>(undefined);
/** Why it cannot be computed. */
export const noFloat64 = signal<Problem | undefined>(undefined);
/** The text that runs. */
export const joined = signal<Joined>({ code: "", lines: [] });
/** What does not change while a workgroup is stepped through; undefined until the text is accepted. */
export const opened = signal<Opened | undefined>(undefined);
/** Where the run stands. */
export const frame = signal<Frame | undefined>(undefined);
/** How far the run has been computed. */
export const progress = signal<Progress | undefined>(undefined);
/** Why the text does not run. */
export const problem = signal<Problem | undefined>(undefined);
/** Why there is no thread that interprets. */
export const threadFailure = signal<string | undefined>(undefined);
/** True while the thread searches, or computes what was requested. */
export const busy = signal(false);

/** The files of the kernel with the reader's changes. */
export const files = computed<readonly SourceFile[]>(() => {
  const { edits } = study.value;
  return (prepared.value?.files ?? []).map(({ name, text }) => ({ name, text: edits[name] ?? text }));
});

/** Changes what is studied. */
export const choose = (change: Partial<Study>): void => {
  study.value = { ...study.value, ...change };
};

/** The reader's own kernel while another one is studied. */
let leftOwn: Partial<Study> = { edits: {}, own: startBuffers };

/** Studies another kernel, from its first step, without what belongs to the text of the one before. */
export function chooseKernel(kernel: string): void {
  const { kernel: before, edits, own } = study.value;
  if (kernel === before) return;
  if (before === ownKernel) leftOwn = { edits, own };
  const isOwn = kernel === ownKernel;
  [linkedStep.value, strand.value, lane.value, shownWatch.value] = [0, 0, 0, 0];
  [watches.value, stops.value, shownMemory.value, shownFile.value] = [[], [], undefined, undefined];
  [lens.value, editing.value, planted.value] = [[0, 0, 0], isOwn, undefined];
  stopsAnywhere.value = { ...stopsAnywhere.value, write: undefined };
  choose({ kernel, sizes: {}, constants: {}, edits: {}, own: undefined, ...(isOwn && leftOwn) });
}

/** Changes the text of a file; undefined takes the changes back. */
export function edit(file: string, text: string | undefined): void {
  const others = Object.entries(study.value.edits).filter(([name]) => name !== file);
  const own = prepared.value?.files.find(({ name }) => name === file)?.text;
  const changed = text === undefined || text === own ? others : [...others, [file, text] as const];
  choose({ edits: Object.fromEntries(changed) });
}

/** The place in a file of a line of the joined text, from 1. */
export const placeOf = (line: number) => joined.value.lines[line - 1];
/** `local_invocation_index` of a lane. */
export const threadOf = (at: number): number => opened.value?.threads[at] ?? at;

/** The line in the joined text of a line of a file; 0 if it has none. */
export const joinedLineOf = (file: string, line: number): number =>
  joined.value.lines.findIndex((one) => one.file === file && one.line === line) + 1;

/** Why there is no report yet; `busyWith` where it is on its way. */
export const waitingFor = (busyWith: string): string =>
  problem.value ? "The text does not run." : progress.value?.end?.kind === "steps" ? "The run does not end." : busyWith;
