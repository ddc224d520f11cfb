// Runs a kernel of shaders/ in the interpreter, and finds what was requested.
import type { Gpu } from "../../gpu/gpu.ts";
import { buffersOf } from "../../study/buffers.ts";
import { inputsOf } from "../../study/dispatch.ts";
import { floatOperations, requestedBytes } from "../../study/figures.ts";
import { costOf, type Prepared, prepare, type Sizes, type StudyKernel } from "../../study/kernel.ts";
import { runSchedules } from "../../study/schedules.ts";
import { WgslError } from "../../wgsl/error.ts";
import { entryOf } from "../../wgsl/run/bindings.ts";
import { checkProgram } from "../../wgsl/run/check/program.ts";
import { numberAt, scalarsIn } from "../../wgsl/run/contents.ts";
import { type Counts, newCounter } from "../../wgsl/run/count/counter.ts";
import { type ExecuteOptions, execute } from "../../wgsl/run/execute/execute.ts";
import { compareWithFloat64 } from "../../wgsl/run/float64/elements.ts";
import { runFloat64 } from "../../wgsl/run/float64/float64.ts";
import type { Variable } from "../../wgsl/run/program.ts";
import { newDetector } from "../../wgsl/run/race/detector.ts";
import { linesOf, printedLines } from "../../wgsl/run/results.ts";
import type { Checked, Distance, Fault, Figure, FileLine, Float64Figures, KernelStudy } from "./kernel-study.ts";
import { runAlsoOnGpu } from "./on-gpu.ts";
import { accessesOf } from "./sections.ts";
import { traceOf } from "./trace.ts";

/** What to find of a kernel. */
export interface KernelQuestion {
  readonly sizes: Sizes;
  /** Threads of a subgroup; 32 unless given, or the constant SUBGROUP of kernels that have one. */
  readonly subgroupSize: number | undefined;
  readonly maxSteps: number | undefined;
  readonly isCounted: boolean;
  readonly isRaced: boolean;
  readonly isTraced: boolean;
  readonly isFloat64: boolean;
  /** Runs in random orders. */
  readonly schedules: number;
}

/** A kernel for subgroups of this size, or of the size that its constant SUBGROUP has, if there is one; else of 32. */
export function preparedFor(kernel: StudyKernel, { sizes, subgroupSize }: KernelQuestion): [Prepared, number] {
  const usual = prepare(kernel, { sizes });
  if (!usual.shader.declarations.constants.has("SUBGROUP")) return [usual, subgroupSize ?? 32];
  if (subgroupSize === undefined) return [usual, Math.max(4, usual.value("SUBGROUP"))];
  return [prepare(kernel, { sizes, constants: { SUBGROUP: subgroupSize } }), subgroupSize];
}

/** Runs a kernel. Throws an error with the file and line for what is refused. */
export function studyOf(prepared: Prepared, question: KernelQuestion, subgroupSize: number): KernelStudy {
  const { kernel } = prepared;
  const lineAt = linesOf(prepared.shader.code);
  const placeOf = (at: number): FileLine => {
    const { file, line } = prepared.shader.lines[lineAt(at) - 1] ?? { file: kernel.source.name, line: lineAt(at) };
    return { file, line };
  };
  try {
    const entry = entryOf(checkProgram(prepared.shader.code), undefined);
    return run({ ...prepared, entry, placeOf }, question, subgroupSize);
  } catch (error) {
    if (!(error instanceof WgslError)) throw error;
    const { file, line } = placeOf(error.at);
    throw new Error(`${file}:${line}: ${error.message}`, { cause: error });
  }
}

/**
 * Runs a kernel in the interpreter and on the GPU, and compares what both leave. Throws for one that uses subgroups of
 * another size than the adapter's.
 */
export async function comparedOnGpu(
  { shader: { name, code }, dispatch }: Prepared,
  gpu: Gpu,
  { maxSteps }: KernelQuestion,
  subgroupSize: number,
): Promise<NonNullable<KernelStudy["gpu"]>> {
  const own = gpu.adapter.subgroupSize;
  if (own !== undefined && own !== subgroupSize && /^enable subgroups;/m.test(code)) {
    throw new Error(
      `${name}: has subgroups of ${subgroupSize} threads, the adapter of ${own}: --compare needs the same`,
    );
  }
  const entry = entryOf(checkProgram(code), undefined);
  const { workgroups } = dispatch;
  const buffers = buffersOf(entry, dispatch);
  const { prints } = execute(entry, { workgroups, buffers, subgroupSize, ...(maxSteps !== undefined && { maxSteps }) });
  const lines = printedLines(prints, linesOf(code));
  const text = { code, workgroups };
  const given = buffersOf(entry, dispatch);
  const {
    equal,
    class: exactness,
    refused,
  } = await runAlsoOnGpu(gpu, text, entry, given, buffers, lines, subgroupSize);
  return { equal, class: exactness, ...(refused !== undefined && { refused }) };
}

type Options = Omit<ExecuteOptions, "buffers">;
type Detector = ReturnType<typeof newDetector>;

function run(checked: Checked, question: KernelQuestion, subgroupSize: number): KernelStudy {
  const { entry, dispatch, sizes, kernel, placeOf } = checked;
  const { isCounted, isRaced, maxSteps, schedules } = question;
  const { workgroups } = dispatch;
  const options = { workgroups, subgroupSize, ...(maxSteps !== undefined && { maxSteps }) } as const;
  const [counter, detector] = [newCounter(), newDetector()];
  const filled = () => buffersOf(entry, dispatch);
  const buffers = filled();
  const found = execute(entry, {
    ...options,
    buffers,
    observers: [...(isCounted ? [counter.observer] : []), ...(isRaced ? [detector.observer] : [])],
    onDivergence: isRaced ? "report" : "throw",
  });
  const counts = counter.counts();
  return {
    kernel: kernel.source.name,
    sizes,
    workgroups,
    workgroupSize: entry.workgroupSize,
    subgroupSize,
    steps: found.steps,
    prints: printedLines(found.prints, (at) => at).map(({ line: at, ...print }) => ({ ...print, ...placeOf(at) })),
    ...(isCounted && {
      figures: figuresOf(checked, counts),
      accesses: accessesOf(counts).map(({ at, ...access }) => ({ ...placeOf(at), ...access })),
    }),
    ...(isRaced && { faults: faultsOf(checked, detector, found), notes: notesOf(checked, detector) }),
    ...(kernel.reference && { reference: { name: kernel.reference.name, outputs: distances(checked, buffers) } }),
    ...(schedules > 0 && { schedules: runSchedules(schedules, entry, options, filled, buffers) }),
    ...(question.isFloat64 && { float64: float64Of(checked, options, buffers) }),
    ...(question.isTraced && { trace: traceOf(checked, options) }),
  };
}

/** Counters, those with formulas and ideals first. */
function figuresOf(checked: Checked, counts: Counts): Figure[] {
  const { kernel, entry } = checked;
  const costs = costOf(checked) ?? {};
  const formulaOf = (name: "requestedBytes" | "operations") => {
    const [text, value] = [kernel.cost?.[name], costs[name]];
    return text === undefined || value === undefined ? {} : { formula: { text, value } };
  };
  const buffers = [...entry.function.uses].filter(({ space }) => space === "storage");
  const touched = buffers.reduce((sum, buffer) => sum + (counts.touched.get(buffer) ?? 0), 0);
  const { operations } = floatOperations(counts);
  const requested = requestedBytes(counts);
  return [
    { name: "bytes requested", value: requested, ...formulaOf("requestedBytes"), ideal: touched },
    { name: "operations on floats", value: operations, ...formulaOf("operations") },
    { name: "operations a byte requested", value: requested === 0 ? 0 : operations / requested },
    ...buffers.map((buffer) => ({ name: `excess of ${buffer.name}`, value: excessOf(counts, buffer), ideal: 1 })),
    ...bankFigures(counts),
    { name: "active share of subgroups", value: counts.activeShare, ideal: 1 },
    { name: "partings of subgroups", value: [...counts.parted.values()].reduce((sum, times) => sum + times, 0) },
    { name: "barriers a workgroup", value: counts.barriers.workgroup / Math.max(1, counts.workgroups) },
    { name: "shuffles", value: counts.shuffles },
  ];
}

function excessOf({ accesses }: Counts, buffer: Variable): number {
  const own = accesses.filter(({ variable }) => variable === buffer);
  const [touched, fewest] = [
    own.reduce((sum, { segments32 }) => sum + segments32, 0),
    own.reduce((sum, { fewest32 }) => sum + fewest32, 0),
  ];
  return fewest === 0 ? 1 : touched / fewest;
}

function bankFigures({ accesses }: Counts): Figure[] {
  const banked = accesses.filter(({ variable, requests }) => variable.space === "workgroup" && requests > 0);
  if (banked.length === 0) return [];
  return [
    {
      name: "turns of workgroup memory's banks",
      value: banked.reduce((sum, { bankCycles }) => sum + bankCycles, 0),
      ideal: banked.reduce((sum, { phases }) => sum + phases, 0),
    },
    { name: "words of one bank in a turn, at most", value: Math.max(...banked.map(({ ways }) => ways)), ideal: 1 },
  ];
}

function faultsOf({ placeOf }: Checked, detector: Detector, found: ReturnType<typeof execute>): Fault[] {
  return [
    ...detector.races().map(({ kind, between, variable: { name }, first, second, count }) => {
      return { kind, places: [placeOf(first), placeOf(second)], between, name, count };
    }),
    ...found.outOfBounds.map(({ at }) => ({ kind: "out-of-bounds", places: [placeOf(at)] })),
    ...found.divergence.map(({ at, other }) => ({
      kind: "divergence",
      places: [placeOf(at), ...(other === undefined ? [] : [placeOf(other)])],
    })),
  ];
}

const notesOf = ({ placeOf }: Checked, detector: Detector): Fault[] =>
  detector.notes().map(({ kind, between, variable: { name }, first, second }) => {
    return { kind, places: [placeOf(first), placeOf(second)], between, name };
  });

/** The largest differences from the reference. */
function distances(
  { kernel, dispatch, sizes, value }: Checked,
  buffers: ReadonlyMap<Variable, ArrayBuffer>,
): Distance[] {
  const results = kernel.reference?.results(inputsOf(dispatch), sizes, value) ?? {};
  return Object.entries(results).map(([name, { values }]) => {
    const output = [...buffers].find(([variable]) => variable.name === name);
    const found = output ? numbersIn(...output) : [];
    const [largest, difference] = [{ most: 0 }, { most: 0 }];
    for (const [i, one] of values.entries()) {
      largest.most = Math.max(largest.most, Math.abs(one));
      difference.most = Math.max(difference.most, Math.abs(one - (found[i] ?? Number.NaN)));
    }
    return { name, difference: difference.most, largest: largest.most };
  });
}

function numbersIn({ type }: Variable, buffer: ArrayBuffer): number[] {
  const view = new DataView(buffer);
  return scalarsIn(type, buffer.byteLength).map(({ scalar: { scalar }, offset }) => numberAt(view, scalar, offset));
}

function float64Of(
  { entry, dispatch }: Checked,
  options: Options,
  interpreted: ReadonlyMap<Variable, ArrayBuffer>,
): Float64Figures[] {
  const { workgroups, subgroupSize = 32 } = options;
  const { results } = runFloat64(entry, { workgroups, subgroupSize, buffers: buffersOf(entry, dispatch) });
  return [...results].map(([variable, elements]) => {
    const buffer = interpreted.get(variable) ?? new ArrayBuffer(0);
    const { within, outside, decided, unbounded, worst } = compareWithFloat64(elements, buffer);
    return { name: variable.name, within, outside, decided, unbounded, worst: worst?.ratio ?? 0 };
  });
}
