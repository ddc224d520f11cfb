// Runs a text of the user's own in the interpreter, and on the GPU if asked: what `study --wgsl … --json` prints.
import type { Gpu } from "../../gpu/gpu.ts";
import { boundBuffers, bytesOfElement, type ElementType, type GivenBinding } from "../../study/bindings.ts";
import { isWritten } from "../../study/on-gpu.ts";
import { runSchedules, type Schedules } from "../../study/schedules.ts";
import { WgslError } from "../../wgsl/error.ts";
import { entryOf } from "../../wgsl/run/bindings.ts";
import { checkProgram } from "../../wgsl/run/check/program.ts";
import { uniformityOf } from "../../wgsl/run/check/uniformity.ts";
import { numberAt } from "../../wgsl/run/contents.ts";
import { type Counts, newCounter } from "../../wgsl/run/count/counter.ts";
import { execute } from "../../wgsl/run/execute/execute.ts";
import type { EntryPoint, Program, Variable } from "../../wgsl/run/program.ts";
import { newDetector } from "../../wgsl/run/race/detector.ts";
import {
  type BufferCounters,
  bindingName,
  bufferCounters,
  type FoundNote,
  type FoundRace,
  faultLines,
  foundNotes,
  foundRaces,
  linesOf,
  type PrintedLine,
  printedLines,
  type SourceLine,
} from "../../wgsl/run/results.ts";
import { type OnGpu, runAlsoOnGpu } from "./on-gpu.ts";

/** A text of the user's own, and how it runs. */
export interface TextRun {
  readonly file: string;
  readonly code: string;
  readonly bindings: readonly GivenBinding[];
  readonly workgroups: readonly [number, number, number];
  readonly entry: string | undefined;
  /** 32 unless given; on a GPU that of the adapter. */
  readonly subgroupSize: number | undefined;
  readonly maxSteps: number | undefined;
  /** Runs of random schedules, in addition to the one in ascending order. */
  readonly schedules: number;
  /** Where it runs as well. */
  readonly gpu: Gpu | undefined;
}

/** A number as JSON has it. */
type JsonNumber = number | "NaN" | "Infinity" | "-Infinity";

type Outputs = Readonly<Record<string, readonly JsonNumber[]>>;

type JsonPrint = Omit<PrintedLine, "values"> & { readonly values: readonly JsonNumber[] };

/** All that was found. All fields are always there but the last two, which are there if asked for. */
export interface TextResult {
  readonly outputs: Outputs;
  readonly races: readonly Pick<FoundRace, "kind" | "lines" | "between">[];
  readonly notes: readonly Pick<FoundNote, "kind" | "lines" | "between">[];
  readonly outOfBounds: readonly SourceLine[];
  readonly divergence: readonly SourceLine[];
  readonly counters: Readonly<Record<string, BufferCounters>>;
  readonly prints: readonly JsonPrint[];
  readonly schedules?: Schedules;
  readonly gpu?: Pick<OnGpu, "equal" | "class" | "refused"> & {
    readonly outputs: Outputs;
    readonly prints: readonly Omit<JsonPrint, "step">[];
  };
}

/** What the interpreter found, for people. */
export interface TextStudy {
  readonly result: TextResult;
  readonly entry: EntryPoint;
  readonly counts: Counts;
  readonly steps: number;
  /** What a browser may refuse as it cannot prove that control flow is uniform. */
  readonly hints: readonly (SourceLine & { readonly message: string })[];
}

/** Runs a text. Throws an error with the file and line for what is refused. */
export async function runText(run: TextRun): Promise<TextStudy> {
  const lineAt = linesOf(run.code);
  try {
    return await runChecked(run, lineAt);
  } catch (error) {
    if (!(error instanceof WgslError)) throw error;
    throw new Error(`${run.file}:${lineAt(error.at)}: ${error.message}`, { cause: error });
  }
}

async function runChecked(run: TextRun, lineAt: (at: number) => number): Promise<TextStudy> {
  const program = checkProgram(run.code);
  const entry = entryOf(program, run.entry);
  const subgroupSize = subgroupSizeFor(run, program);
  const filled = () => boundBuffers(run.file, run.bindings, program, entry);
  const { workgroups, maxSteps } = run;
  const [buffers, counter, detector] = [filled(), newCounter(), newDetector()];
  const options = { workgroups, subgroupSize, ...(maxSteps !== undefined && { maxSteps }) };
  const found = execute(entry, {
    ...options,
    buffers,
    observers: [counter.observer, detector.observer],
    onDivergence: "report",
  });
  const counts = counter.counts();
  const prints = printedLines(found.prints, lineAt);
  const result: TextResult = {
    outputs: outputsOf(buffers, run.bindings),
    races: foundRaces(detector.races(), lineAt).map(({ kind, lines, between }) => ({ kind, lines, between })),
    notes: foundNotes(detector.notes(), lineAt).map(({ kind, lines, between }) => ({ kind, lines, between })),
    ...faultLines(found, lineAt),
    counters: bufferCounters(entry, counts),
    prints: prints.map((print) => ({ ...jsonPrint(print), step: print.step })),
    ...(run.schedules > 0 && { schedules: runSchedules(run.schedules, entry, options, filled, buffers) }),
    ...(run.gpu && {
      gpu: gpuResult(await runAlsoOnGpu(run.gpu, run, entry, filled(), buffers, prints, subgroupSize), run),
    }),
  };
  const hints = uniformityOf(program, entry).map(({ at, message }) => ({ line: lineAt(at), message }));
  return { result, entry, counts, steps: found.steps, hints };
}

/** The adapter's size, where a GPU takes part, since a text that uses subgroups depends on it. */
function subgroupSizeFor({ subgroupSize, gpu, file }: TextRun, { features }: Program): number {
  const own = gpu?.adapter.subgroupSize;
  if (subgroupSize !== undefined && own !== undefined && subgroupSize !== own && features.has("subgroups")) {
    throw new Error(
      `${file}: uses subgroups, of ${subgroupSize} threads by --subgroup-size; the adapter's have ${own}, ` +
        "so that --compare would compare different runs",
    );
  }
  return subgroupSize ?? own ?? 32;
}

const jsonNumber = (value: number): JsonNumber =>
  Number.isFinite(value) ? value : (String(value) as "NaN" | "Infinity" | "-Infinity");

const jsonPrint = ({ lane, workgroup, line, values }: Omit<PrintedLine, "step">) => ({
  lane,
  workgroup,
  line,
  values: values.map(jsonNumber),
});

const gpuResult = ({ buffers, prints, equal, class: exactness, refused }: OnGpu, { bindings }: TextRun) => ({
  outputs: outputsOf(buffers, bindings),
  prints: prints.map(jsonPrint),
  equal,
  class: exactness,
  ...(refused !== undefined && { refused }),
});

/** What every buffer holds that the text may write, as elements of the type in which it was given. */
function outputsOf(buffers: ReadonlyMap<Variable, ArrayBuffer>, bindings: readonly GivenBinding[]): Outputs {
  const written = [...buffers].filter(([variable]) => isWritten(variable));
  return Object.fromEntries(
    written.map(([variable, buffer]) => {
      const name = bindingName(variable);
      const type = bindings.find(({ group, binding }) => `${group}.${binding}` === name)?.type ?? "u32";
      return [name, elementsOf(buffer, type).map(jsonNumber)];
    }),
  );
}

function elementsOf(buffer: ArrayBuffer, type: ElementType): number[] {
  const [view, size] = [new DataView(buffer), bytesOfElement(type)];
  return Array.from({ length: Math.floor(buffer.byteLength / size) }, (_, i) => numberAt(view, type, i * size));
}
