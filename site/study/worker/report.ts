// The whole dispatch, run once: what it requests, what is wrong with it, what it computes.
import { costOf } from "../../../src/study/kernel.ts";
import { isWritten } from "../../../src/study/on-gpu.ts";
import { inRandomOrders } from "../../../src/study/schedules.ts";
import { uniformityOf } from "../../../src/wgsl/run/check/uniformity.ts";
import { numberAt, scalarsIn } from "../../../src/wgsl/run/contents.ts";
import { type Counts, newCounter } from "../../../src/wgsl/run/count/counter.ts";
import { execute } from "../../../src/wgsl/run/execute/execute.ts";
import type { Variable } from "../../../src/wgsl/run/program.ts";
import { newDetector } from "../../../src/wgsl/run/race/detector.ts";
import { faultLines, foundNotes, foundRaces, linesOf, printedLines } from "../../../src/wgsl/run/results.ts";
import { located, problemOf, type ReadyStudy } from "./prepare.ts";
import { type Counted, isOfRecord, type OtherOrders, type Output, type RunReport } from "./protocol.ts";

/** Steps of all workgroups together. */
const maxSteps = 20_000_000;
/** How many random orders are tried where the result may depend on the order. */
const orders = 8;

type Line = (at: number) => number;

/** Runs all workgroups with a counter and a detector of races. Throws for a run that does not end. */
export function reportOf(ready: ReadyStudy): RunReport {
  const { joined, program, entry, study, prepared } = ready;
  const [counter, detector, buffers] = [newCounter(), newDetector(), ready.buffers()];
  const found = located(joined, () =>
    execute(entry, {
      workgroups: prepared.workgroups,
      buffers,
      subgroupSize: study.subgroupSize,
      mapping: study.mapping,
      maxSteps,
      observers: [counter.observer, detector.observer],
      onDivergence: "report",
    }),
  );
  const line = linesOf(joined.code);
  return {
    counted: countedOf(counter.counts(), ready, line),
    races: foundRaces(detector.races(), line),
    notes: foundNotes(detector.notes(), line),
    ...faultLines(found, line),
    hints: uniformityOf(program, entry).map(({ at, message }) => ({ line: line(at), message })),
    outputs: outputsOf(ready, buffers),
    prints: printedLines(found.prints, line),
    droppedPrints: found.droppedPrints,
    reference: definitionOf(ready)?.name,
  };
}

/** What defines a study's results. Of the reader's own buffers nothing does. */
const definitionOf = ({ study, usual }: ReadyStudy) => (study.own ? undefined : usual.kernel.reference);

/** What buffers hold after a run, and what they should hold. */
function outputsOf(ready: ReadyStudy, buffers: ReadonlyMap<Variable, ArrayBuffer>): Output[] {
  const { inputs, usual, value } = ready;
  const expected = definitionOf(ready)?.results(inputs, usual.sizes, value) ?? {};
  return [...buffers]
    .filter(([variable]) => isWritten(variable))
    .map(([variable, buffer]) => outputOf(variable, buffer, expected[variable.name]?.values));
}

/** The outputs of a run that nothing watches, and what they should be. */
export function plainOutputs(ready: ReadyStudy): Output[] {
  const [{ entry, prepared, study }, buffers] = [ready, ready.buffers()];
  const [{ subgroupSize, mapping }, { workgroups }] = [study, prepared];
  execute(entry, { workgroups, buffers, subgroupSize, mapping, maxSteps, onDivergence: "report" });
  return outputsOf(ready, buffers);
}

/**
 * What random orders of threads and workgroups leave, up to the first one that leaves something else than the ascending
 * order. Undefined where nothing was found that depends on the order.
 */
export function otherOrders(ready: ReadyStudy, { races, notes, outputs }: RunReport): OtherOrders | undefined {
  if (races.length + notes.length === 0) return undefined;
  const { entry, study, prepared } = ready;
  const [{ subgroupSize, mapping }, { workgroups }] = [study, prepared];
  const options = { workgroups, subgroupSize, mapping, maxSteps };
  let runs = 0;
  try {
    for (const buffers of inRandomOrders(orders, entry, options, ready.buffers)) {
      runs++;
      const differing = firstDifference(buffers, outputs);
      if (differing) return { runs, differing };
    }
  } catch (error) {
    return { runs: runs + 1, failure: problemOf(error).message };
  }
  return { runs };
}

function firstDifference(buffers: Iterable<readonly [Variable, ArrayBuffer]>, outputs: readonly Output[]) {
  for (const [variable, buffer] of buffers) {
    const ascending = outputs.find(({ name }) => name === variable.name)?.values;
    if (!ascending) continue;
    const { values } = outputOf(variable, buffer, undefined);
    const differing = [...values.keys()].filter((i) => !Object.is(values[i], ascending[i]));
    const [index] = differing;
    if (index === undefined) continue;
    const both = [ascending[index] as number, values[index] as number] as const;
    return { name: variable.name, count: differing.length, index, values: both };
  }
  return undefined;
}

/** What a dispatch requests and computes, without looking for races. */
export function countedBy(ready: ReadyStudy): Counted {
  const counter = newCounter();
  execute(ready.entry, {
    workgroups: ready.prepared.workgroups,
    buffers: ready.buffers(),
    subgroupSize: ready.study.subgroupSize,
    mapping: ready.study.mapping,
    maxSteps,
    observers: [counter.observer],
  });
  return countedOf(counter.counts(), ready, linesOf(ready.joined.code));
}

function countedOf(counts: Counts, { usual, entry, study }: ReadyStudy, line: Line): Counted {
  const ofWorkgroup = [...entry.function.uses].filter(({ space }) => space === "workgroup");
  return {
    accesses: counts.accesses
      .filter(({ requests }) => requests > 0)
      .map(({ at, variable: { name, space = "storage" }, ...requested }) => ({
        ...requested,
        line: line(at),
        name,
        space,
      })),
    touched: Object.fromEntries([...counts.touched].map(([{ name }, bytes]) => [name, bytes])),
    operations: counts.operations,
    barriers: counts.barriers.workgroup + counts.barriers.storage,
    shuffles: counts.shuffles,
    workgroups: counts.workgroups,
    workgroupBytes: ofWorkgroup.reduce((sum, { type }) => sum + 16 * Math.ceil(type.size / 16), 0), // as WebGPU's limit is
    threads: entry.workgroupSize.reduce((product, size) => product * size, 1),
    activeShare: counts.activeShare,
    parted: [...counts.parted].map(([at, count]) => ({ line: line(at), count })),
    formulas: isOfRecord(study) ? costOf(usual) : undefined,
  };
}

function outputOf(variable: Variable, buffer: ArrayBuffer, expected: Float64Array | undefined): Output {
  const view = new DataView(buffer);
  const places = scalarsIn(variable.type, buffer.byteLength);
  return {
    name: variable.name,
    scalar: places[0]?.scalar.scalar ?? "u32",
    values: Float64Array.from(places, ({ scalar, offset }) => numberAt(view, scalar.scalar, offset)),
    expected,
  };
}
