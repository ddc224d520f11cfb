// Grades a text: does it do what the puzzle asks for, on sizes, inputs, subgroups and orders that its author did not see?
import { WgslError } from "../../../wgsl/error.ts";
import { entryOf } from "../../../wgsl/run/bindings.ts";
import { checkProgram } from "../../../wgsl/run/check/program.ts";
import { newCounter } from "../../../wgsl/run/count/counter.ts";
import { runFloat64 } from "../../../wgsl/run/float64/float64.ts";
import type { EntryPoint, Variable } from "../../../wgsl/run/program.ts";
import { linesOf } from "../../../wgsl/run/results.ts";
import type { Sizes } from "../../kernel.ts";
import { fixedLines } from "../fixed-lines.ts";
import type { Case, Fault, Gate, Puzzle } from "../puzzle.ts";
import { firstWrong, isNear, type Wrong } from "./compare.ts";
import { filledBuffers, maxSteps, type Order, type Ran, type Ready, readyCase, runCase } from "./run.ts";
import { writerOf } from "./writer.ts";

/** What a gate has counted. */
interface Counted extends Pick<Gate, "what" | "start" | "solution" | "most"> {
  readonly counted: number;
}

/** What is found of a text. */
export interface Verdict {
  /** Undefined of a text that passes. */
  readonly fault: Fault | undefined;
  /** What happened, for people: sizes, numbers, threads, lines. */
  readonly words: string;
  /** Sizes on which it failed. */
  readonly sizes?: Sizes;
  /** Lines of the text that it concerns, from 1. */
  readonly lines?: readonly number[];
  /** Of the gates, as far as the text came. */
  readonly gates: readonly Counted[];
}

/** Runs an entry point of a text on a GPU, and returns what the buffers hold afterwards that it may write. */
export type RunOnGpu = (
  code: string,
  entry: EntryPoint,
  buffers: ReadonlyMap<Variable, ArrayBuffer>,
  workgroups: readonly [number, number, number],
) => Promise<ReadonlyMap<Variable, ArrayBuffer>>;

/** A text that is graded. */
interface Graded {
  readonly puzzle: Puzzle;
  readonly code: string;
  readonly entry: EntryPoint;
  readonly lineAt: (at: number) => number;
}

type Failure = Omit<Verdict, "gates">;

/**
 * Grades a text of a puzzle. It has to be right in the interpreter and in float64 on every case, for three seeds, in
 * subgroups of several sizes, in ascending order and by two schedules, without races; where subgroups count, whichever
 * threads they have; then to pass the gates; and, with `onGpu`, to be right on the GPU. Throws what `onGpu` throws.
 */
export async function grade(puzzle: Puzzle, code: string, onGpu?: RunOnGpu): Promise<Verdict> {
  const lineAt = linesOf(code);
  try {
    const changed = changedLine(puzzle, code);
    if (changed) return { ...changed, gates: [] };
    const graded = { puzzle, code, entry: entryIn(puzzle, code), lineAt };
    const failure = casesOf(puzzle).reduce<Failure | undefined>((found, one) => found ?? tried(graded, one), undefined);
    if (failure) return { ...failure, gates: [] };
    const gates = puzzle.gates.map((gate) => counted(graded, gate));
    const shut = gates.find((gate) => gate.counted > gate.most);
    if (shut) return { fault: "gate", words: `${gateWords(shut)}.`, gates };
    const failed = onGpu && (await triedOnGpu(graded, onGpu));
    return failed ? { ...failed, gates } : passed(puzzle, gates, onGpu !== undefined);
  } catch (error) {
    if (!(error instanceof WgslError)) throw error;
    const line = lineAt(error.at);
    const fault = error.message.includes("steps") ? "endless" : "text";
    return { fault, words: `Line ${line}: ${error.message}`, lines: [line], gates: [] };
  }
}

/** The case that the reader sees, then those that are hidden. */
const casesOf = ({ kernel, hidden }: Puzzle): readonly Case[] => [{ sizes: kernel.small.sizes ?? {} }, ...hidden];

function passed({ hidden }: Puzzle, gates: readonly Counted[], isOnGpu: boolean): Verdict {
  const where = isOnGpu ? "in the interpreter, in float64 and on the GPU" : "in the interpreter and in float64";
  const counts = gates.map((gate) => ` ${gateWords(gate)}.`).join("");
  return { fault: undefined, words: `Right on ${hidden.length + 1} cases, ${where}.${counts}`, gates };
}

/** The entry point. Throws WgslError for buffers that the puzzle does not have. */
function entryIn({ kernel }: Puzzle, code: string): EntryPoint {
  const program = checkProgram(code);
  const last = kernel.source.code.split("\n").slice(0, fixedLines(kernel.source.code)).join("\n").length;
  const own = program.resources.find(({ span }) => span.at > last);
  if (own) throw new WgslError(`${own.name}: the puzzle has no buffers but those at the top`, own.span.at);
  return entryOf(program, undefined);
}

function changedLine({ kernel }: Puzzle, code: string): Failure | undefined {
  const [own, given] = [code.split("\n"), kernel.source.code.split("\n")];
  const line = given
    .slice(0, fixedLines(kernel.source.code))
    .findIndex((text, i) => own[i]?.trimEnd() !== text.trimEnd());
  if (line < 0) return undefined;
  const words = `Line ${line + 1} is fixed: constants and bindings are those of the puzzle.`;
  return { fault: "fixed lines", words, lines: [line + 1] };
}

/** In which orders a case runs: the first two look for races. */
function ordersOf({ subgroups }: Puzzle): readonly Order[] {
  const sizes = subgroups ?? [8, 32];
  const ascending = [...sizes].reverse().map((subgroupSize, i): Order => ({ seed: i + 1, subgroupSize }));
  return [
    ...ascending,
    { seed: 3, subgroupSize: 32, schedule: 1 },
    { seed: 3, subgroupSize: 8, schedule: 2 },
    ...(subgroups ? [{ seed: 3, subgroupSize: 8, mapping: "permuted" } as const] : []),
  ];
}

function tried(graded: Graded, one: Case): Failure | undefined {
  const orders = ordersOf(graded.puzzle);
  for (const order of one.isLong ? orders.slice(0, 1) : orders) {
    const ready = readyCase(graded.puzzle, one, order.seed);
    const failure = failureOf(graded, ready, order, runCase(graded.entry, ready, order));
    if (failure) return { ...failure, words: `With ${caseWords(one)}: ${failure.words}.`, sizes: one.sizes };
  }
  return one.isLong ? undefined : triedInFloat64(graded, one);
}

const caseWords = ({ sizes, says }: Case): string =>
  [...Object.entries(sizes).map(([name, value]) => `${name} = ${value}`), ...(says ? [says] : [])].join(", ");

function failureOf(graded: Graded, ready: Ready, order: Order, ran: Ran): Failure | undefined {
  const { puzzle, lineAt } = graded;
  const fault = faultOf(ran, lineAt);
  if (fault) return fault;
  const wrong = firstWrong(ready, puzzle.within, ran.before, ran.after);
  if (wrong) return wrongWords(graded, ready, order, wrong);
  const order_ = ran.notes.find(({ kind }) => kind === "order");
  if (!order_) return undefined;
  const lines = linesOfPair(order_, lineAt);
  const words = `${order_.variable.name} depends on the order of atomic functions on ${lineWords(lines)}`;
  return { fault: "order", words, lines };
}

const linesOfPair = (
  { first, second }: { readonly first: number; readonly second: number },
  lineAt: Graded["lineAt"],
) => [...new Set([lineAt(first), lineAt(second)])].sort((a, b) => a - b);

const lineWords = (lines: readonly number[]): string =>
  lines.length === 1 ? `line ${lines[0]}` : `lines ${lines.join(" and ")}`;

/** What the interpreter objects to. */
function faultOf({ found, races }: Ran, lineAt: Graded["lineAt"]): Failure | undefined {
  const [divergence] = found.divergence;
  if (divergence) {
    const lines = [lineAt(divergence.at)];
    return { fault: "divergence", words: `threads do not meet at the barrier of ${lineWords(lines)}`, lines };
  }
  const [outside] = found.outOfBounds;
  if (outside) {
    const lines = [lineAt(outside.at)];
    return { fault: "out of bounds", words: `${lineWords(lines)} goes beyond the end of a buffer or an array`, lines };
  }
  const [race] = races;
  if (!race) return undefined;
  const lines = linesOfPair(race, lineAt);
  const who = race.between === "lanes" ? "threads" : "workgroups";
  const what = race.kind === "write-write" ? "both write" : "one writes and one reads";
  const [a, b] = race.parties;
  const words =
    `${who} ${a} and ${b} meet at byte ${race.byte} of ${race.variable.name}, ${what}, and nothing orders ` +
    `${lineWords(lines)}`;
  return { fault: "race", words, lines };
}

const shown = (value: number): string => String(Number.isInteger(value) ? value : Number(value.toPrecision(7)));

/** A wrong word, with the thread that wrote it. */
function wrongWords({ puzzle, entry, lineAt }: Graded, ready: Ready, order: Order, wrong: Wrong): Failure {
  const { fault, variable, index, got, expected, isWritten, length } = wrong;
  const place = `${variable.name}, word ${index}`;
  if (!isWritten) return { fault, words: `${place}: nothing writes it, expected ${shown(expected)}` };
  const watch = writerOf(variable.name, 4 * index);
  runCase(entry, ready, { seed: order.seed, subgroupSize: order.subgroupSize }, [watch.observer]);
  const last = watch.last();
  const lines = last ? [lineAt(last.at)] : [];
  const by = last
    ? `; thread ${last.lane} of workgroup [${last.workgroup.join(", ")}] wrote it on line ${lines[0]}`
    : "";
  const chance = order.schedule === undefined ? "" : ", when threads take turns by chance";
  const how = order.mapping === undefined ? chance : ", when the threads of a subgroup are no neighbours";
  const exact = fault === "result" ? exactResults(entry, ready, order.subgroupSize).get(variable.name) : undefined;
  const isRounded = isNear(exact?.values[index] ?? Number.NaN, expected, puzzle.within);
  const rounding = isRounded ? " (without rounding it would be right)" : "";
  const what =
    fault === "tail"
      ? `${place} is none of the result, which has ${length}, but was changed`
      : `${place} is ${shown(got)}, expected ${shown(expected)}${how}${rounding}`;
  return { fault, words: `${what}${by}`, lines };
}

/** What a text gives without rounding, by the names of buffers. */
function exactResults(entry: EntryPoint, ready: Ready, subgroupSize: number) {
  const { workgroups } = ready.dispatch;
  const buffers = filledBuffers(entry, ready);
  const { results } = runFloat64(entry, { workgroups, buffers, subgroupSize, maxSteps, onDivergence: "report" });
  return new Map([...results].map(([{ name }, elements]) => [name, elements]));
}

function triedInFloat64({ puzzle, entry }: Graded, one: Case): Failure | undefined {
  const ready = readyCase(puzzle, one, 1);
  for (const [name, { values, decided }] of exactResults(entry, ready, 32)) {
    const expected = ready.expected[name] ?? new Float64Array();
    const index = expected.findIndex(
      (value, i) => !decided[i] && !isNear(values[i] ?? Number.NaN, value, puzzle.within),
    );
    if (index < 0) continue;
    const numbers = `${shown(values[index] ?? Number.NaN)}, expected ${shown(expected[index] ?? Number.NaN)}`;
    const words = `With ${caseWords(one)}: in float64, ${name}, word ${index}, is ${numbers}.`;
    return { fault: "float64", words, sizes: one.sizes };
  }
  return undefined;
}

/** Counts what a gate is about. */
function counted({ puzzle, entry }: Graded, gate: Gate): Counted {
  const counter = newCounter();
  runCase(entry, readyCase(puzzle, gate, 1), { seed: 1, subgroupSize: 32 }, [counter.observer]);
  const { what, start, solution, most } = gate;
  return { what, start, solution, most, counted: gate.measure(counter.counts(), gate.sizes) };
}

const gateWords = ({ what, counted: own, start, solution, most }: Counted): string =>
  `${what[0]?.toUpperCase()}${what.slice(1)}: ${Number(own.toPrecision(4))} (at the start ${start}, of the solution ` +
  `${solution}, at most ${most})`;

/** The cases on a GPU, with the inputs of one seed. */
async function triedOnGpu({ puzzle, code, entry }: Graded, onGpu: RunOnGpu): Promise<Failure | undefined> {
  for (const one of casesOf(puzzle)) {
    const ready = readyCase(puzzle, one, 1);
    const before = filledBuffers(entry, ready);
    const after = await onGpu(code, entry, before, ready.dispatch.workgroups);
    const wrong = firstWrong(ready, puzzle.within, before, after);
    if (!wrong) continue;
    const { variable, index, got, expected } = wrong;
    const words = `${variable.name}, word ${index} is ${shown(got)} on the GPU, expected ${shown(expected)}`;
    return { fault: "gpu", words: `With ${caseWords(one)}: ${words}.`, sizes: one.sizes };
  }
  return undefined;
}
