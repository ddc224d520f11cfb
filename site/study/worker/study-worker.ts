// Interprets the kernel under study, in a thread of its own, so that the page answers whatever the kernel does.

import { studyKernel } from "../../../src/study/kernels.ts";
import { openStepper } from "../../../src/wgsl/run/step/stepper.ts";
import type { Stepper } from "../../../src/wgsl/run/step/types.ts";
import { bindingsOf } from "../own/bound.ts";
import { float64Of } from "./float64-report.ts";
import { located, problemOf, type ReadyStudy, readyStudy } from "./prepare.ts";
import type { Answer, Frame, FrameWishes, Move, Study, StudyReport, StudyRequest } from "./protocol.ts";
import { countedBy, otherOrders, reportOf } from "./report.ts";

/** Steps that are taken, or searched, before other messages are looked at. */
const slice = 20_000;
/** Steps that a workgroup may take: far more than any kernel on the sizes of a picture, and soon enough for a mistake. */
const maxSteps = 1_000_000;
/** Milliseconds between two messages of how far a run is. */
const between = 200;

let stepper: Stepper | undefined;
let session = 0;
/** The memory that was accessed last, by its number: what is shown where the reader chooses none. */
let followed: number | undefined;
/** Counts moves: a later one ends the search of an earlier one. */
let moves = 0;

const report = (message: StudyReport | Answer) => postMessage(message);

/** Lets messages come in. */
const breath = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });

addEventListener("message", ({ data }: MessageEvent<StudyRequest>) => {
  if (data.kind === "open") void open(data);
  else if (data.kind === "other") void other(data.study);
  else if (data.kind === "buffers") void buffersAsGiven(data.study);
  else if (data.kind === "report") void wholeDispatch(data.session, data.study);
  else if (data.session === session) void goTo(data.move, data.wishes);
});

/** The whole dispatch, then in other orders, then in float64. */
async function wholeDispatch(own: number, study: Study): Promise<void> {
  try {
    const ready = await readyStudy(study);
    const found = reportOf(ready);
    report({ session: own, kind: "report", report: found });
    const others = otherOrders(ready, found);
    if (others) report({ session: own, kind: "orders", orders: others });
    await float64Of(ready).then(
      (float64) => report({ session: own, kind: "float64", float64 }),
      (error: unknown) => report({ session: own, kind: "no-float64", problem: problemOf(error) }),
    );
  } catch (error) {
    report({ session: own, kind: "refused", problem: problemOf(error) });
  }
}

/** The text and the counters of another kernel; what it refuses is left out. */
async function other(study: Study): Promise<void> {
  const { code: text } = (await studyKernel(study.kernel)).source;
  const counted = await readyStudy(study)
    .then(countedBy)
    .catch(() => undefined);
  report({ kind: "other", kernel: study.kernel, text, counted });
}

/** The buffers of a study that runs, as the JSON that gives them. */
async function buffersAsGiven(study: Study): Promise<void> {
  const ready = await readyStudy(study).catch(() => undefined); // the page says why it does not run
  if (!ready) return;
  const own = { bindings: bindingsOf(ready.buffers()), workgroups: ready.prepared.workgroups };
  report({ kind: "buffers", kernel: study.kernel, own });
}

async function open({ session: own, study, lens, step, wishes }: Extract<StudyRequest, { kind: "open" }>) {
  session = own;
  moves++;
  [stepper, followed] = [undefined, undefined];
  const isLate = () => session !== own;
  try {
    const ready = await readyStudy(study, (prepared) => {
      if (!isLate()) report({ session: own, kind: "prepared", prepared });
    });
    if (isLate()) return;
    const { joined, prepared } = ready;
    report({ session: own, kind: "joined", joined });
    const made = located(joined, () => stepperOf(ready, lens));
    stepper = made;
    const { workgroupSize, width, threads, subgroupSize, strands, memories } = made;
    const opened = { workgroupSize, width, threads, subgroupSize, strands, memories };
    report({ session: own, kind: "prepared", prepared });
    report({ session: own, kind: "opened", opened });
    void goTo({ kind: "step", step }, wishes);
    await advance(made, own);
  } catch (error) {
    if (!isLate()) report({ session: own, kind: "refused", problem: problemOf(error) });
  }
}

function stepperOf({ joined, buffers, prepared, study }: ReadyStudy, lens: readonly [number, number, number]): Stepper {
  const { workgroups } = prepared;
  const isInside = lens.every((at, axis) => at < (workgroups[axis] ?? 1));
  return openStepper(joined.code, {
    bindings: [...buffers()].flatMap(([{ binding }, data]) => (binding ? [Object.assign({ data }, binding)] : [])),
    workgroups,
    subgroupSize: study.subgroupSize,
    mapping: study.mapping,
    lens: isInside ? lens : [0, 0, 0],
    maxSteps,
  });
}

/** Runs to the end, and says now and then how far it is. */
async function advance(of: Stepper, own: number): Promise<void> {
  let said = performance.now();
  for (;;) {
    const isDone = of.advance(slice);
    if (isDone || performance.now() - said > between) {
      said = performance.now();
      const progress = { reached: of.reached(), total: of.total(), end: of.end(), marks: of.marks() };
      report({ session: own, kind: "progress", progress });
    }
    if (isDone) return;
    await breath();
    if (session !== own) return;
  }
}

/** Makes a move, and sends what is seen then. */
async function goTo(move: Move, wishes: FrameWishes): Promise<void> {
  const of = stepper;
  const [own, number] = [session, ++moves];
  if (!of) return;
  const isLate = () => number !== moves || own !== session;
  const found = await make(of, move, isLate);
  if (!isLate()) report({ session: own, kind: "frame", frame: frameOf(of, wishes, found) });
}

/** Waits until the run has reached something. */
async function until(of: Stepper, isLate: () => boolean, isThere: () => boolean): Promise<void> {
  while (!isThere() && of.total() === undefined && !isLate()) await breath();
}

/** What a move gives: whether it found what it searched for, or the write that it went to. */
type Made = boolean | NonNullable<Frame["write"]>;

async function make(of: Stepper, move: Move, isLate: () => boolean): Promise<Made> {
  switch (move.kind) {
    case "stay":
      return true;
    case "step":
      await until(of, isLate, () => of.reached() >= move.step);
      if (!isLate()) of.goTo(Math.min(move.step, of.reached()));
      return true;
    case "query":
      return await search(of, move.query, isLate);
    case "run": {
      const { direction, breakpoints, from } = move;
      if (from !== undefined) of.goTo(from);
      if (breakpoints.length > 0 && (await search(of, { to: "breakpoint", direction, breakpoints }, isLate))) {
        return true;
      }
      await until(of, isLate, () => direction === "previous");
      if (!isLate()) of.goTo(direction === "next" ? of.reached() : 0);
      return true;
    }
    case "write": {
      const write = of.lastWrite(move.memory, move.word);
      if (write) of.goTo(write.step);
      return write ?? false;
    }
  }
}

/** Searches what has run, and then what is still to run. */
async function search(of: Stepper, query: Parameters<Stepper["go"]>[0], isLate: () => boolean): Promise<boolean> {
  for (;;) {
    const isWhole = of.total() !== undefined || query.direction === "previous";
    const found = of.go(query, slice);
    if (found === "found") return true;
    if (found === "none" && isWhole) return false;
    await breath();
    if (isLate()) return false;
  }
}

function frameOf(of: Stepper, { strand, watches, memory }: FrameWishes, made: Made): Frame {
  const own = Math.min(strand, of.strands.length - 1);
  const requests = of.accesses(own);
  const named = of.memories.findIndex(({ name }) => name === memory);
  const accessed = requests.find((one) => of.memories[one.memory]?.space !== "uniform")?.memory;
  followed = accessed ?? followed ?? of.memories.findIndex(({ writable, space }) => writable && space === "storage");
  const index = Math.max(0, named >= 0 ? named : followed);
  return {
    found: made !== false,
    strand: own,
    where: of.where(),
    lanes: of.lanes(),
    watched: watches.map((text) => of.watch(text, own)),
    variables: of.variables(own),
    requests,
    memory: of.memories.length === 0 ? undefined : { index, state: of.memory(index) },
    write: typeof made === "object" ? made : undefined,
  };
}
