// Owns the page's device: runs and times the kernel under study on it.
import { measurePeaks } from "../../../bench/harness/peaks.ts";
import { clockFor, standardTiming, timeInTurns, timingOn } from "../../../bench/harness/timing.ts";
import type { Peaks } from "../../../bench/result.ts";
import { placedMessage } from "../../../src/gpu/shader/pipelines.ts";
import type { Gpu } from "../../../src/index.ts";
import { costOf } from "../../../src/study/kernel.ts";
import { isWritten, runOnGpu } from "../../../src/study/on-gpu.ts";
import { grade } from "../../../src/study/puzzles/grader/grade.ts";
import { puzzleOf } from "../../../src/study/puzzles/puzzles.ts";
import { entryOf } from "../../../src/wgsl/run/bindings.ts";
import { checkProgram } from "../../../src/wgsl/run/check/program.ts";
import { numberAt, scalarsIn } from "../../../src/wgsl/run/contents.ts";
import { instrumentPrints } from "../../../src/wgsl/run/print/instrument.ts";
import { bindingName } from "../../../src/wgsl/run/results.ts";
import { words } from "../../shell/trouble/sentence.ts";
import { serveCalls } from "../../shell/worker/serve.ts";
import { verdictOf } from "../results/check.ts";
import type { CompilerMessage, Contestant, GpuCalls, GpuRun, GpuTime } from "./gpu-protocol.ts";
import { type ReadyStudy, readyStudy } from "./prepare.ts";
import { isEdited, isOfRecord, type Study } from "./protocol.ts";
import { type Repeated, repeatedOn } from "./repeated.ts";
import { plainOutputs } from "./report.ts";

let current: Gpu | undefined;
let peaks: Peaks | undefined;

function device(): Gpu {
  if (!current) throw new Error("there is no device");
  return current;
}

/** The errors of the browser's compiler in a text that the interpreter takes. */
async function compile(text: string, name: string | undefined): Promise<CompilerMessage[]> {
  const { code } = instrumentPrints(text, entryOf(checkProgram(text), name), { limits: device().device.limits });
  const module = device().device.createShaderModule({ code });
  const { messages } = await module.getCompilationInfo();
  return messages
    .filter(({ type }) => type === "error")
    .map((one) => {
      const { message, row } = placedMessage(one, code);
      return { line: row + 1, message };
    });
}

/** The bytes for each variable of a text, in whole words; of uniforms in multiples of 16. */
function padded(bytes: ArrayBuffer, isUniform: boolean): ArrayBuffer {
  const unit = isUniform ? 16 : 4;
  if (bytes.byteLength > 0 && bytes.byteLength % unit === 0) return bytes;
  const whole = new ArrayBuffer(Math.max(unit, Math.ceil(bytes.byteLength / unit) * unit));
  new Uint8Array(whole).set(new Uint8Array(bytes));
  return whole;
}

/** Runs a study on the GPU, with what it prints. */
async function run(ready: ReadyStudy): Promise<GpuRun> {
  const gpu = device();
  const given = ready.buffers();
  const byName = new Map([...given].map(([variable, bytes]) => [bindingName(variable), bytes]));
  const { code, buffer: printed } = instrumentPrints(ready.joined.code, ready.entry, { limits: gpu.device.limits });
  const entry = entryOf(checkProgram(code), ready.entry.name);
  const printName = printed && `${printed.group}.${printed.binding}`;
  const bound = [...entry.function.uses].flatMap((variable) => {
    if (!variable.binding) return [];
    const name = bindingName(variable);
    const bytes = name === printName ? new ArrayBuffer(printed?.bytes ?? 0) : byName.get(name);
    return [[variable, padded(bytes ?? new ArrayBuffer(0), variable.space === "uniform")] as const];
  });
  const left = await runOnGpu(gpu.device, code, entry, new Map(bound), ready.prepared.workgroups);
  const leftByName = new Map([...left].map(([variable, bytes]) => [bindingName(variable), bytes]));
  const outputs = [...given]
    .filter(([variable]) => isWritten(variable))
    .map(([variable, { byteLength }]): [string, Float64Array] => {
      const view = new DataView(leftByName.get(bindingName(variable)) ?? new ArrayBuffer(byteLength));
      const places = scalarsIn(variable.type, byteLength);
      return [variable.name, Float64Array.from(places, ({ scalar, offset }) => numberAt(view, scalar.scalar, offset))];
    });
  const read = printed?.read(leftByName.get(printName ?? "") ?? new ArrayBuffer(0));
  return { outputs: Object.fromEntries(outputs), prints: read?.prints ?? [] };
}

/** What is wrong with a study's results on the GPU; undefined where they are right, by its definition or as interpreted. */
async function wrongIn(study: Study): Promise<string | undefined> {
  const ready = await readyStudy(study);
  const isDefined = study.own !== undefined || ready.usual.kernel.reference !== undefined;
  const right = plainOutputs(isDefined || !isEdited(study) ? ready : await readyStudy({ ...study, edits: {} }));
  const { outputs } = await run(ready);
  for (const { name, values, expected = values, scalar } of right) {
    const { isRight, nmse, misplaced } = verdictOf(outputs[name] ?? new Float64Array(), expected, scalar);
    if (isRight) continue;
    const errors = `squared errors of ${name} add up to ${nmse.toExponential(1)} of the squares of what is right`;
    const places = `${misplaced} numbers of ${name} are NaN or infinite where they should not be, or the other way`;
    return `its result is wrong: ${misplaced > 0 ? places : errors}`;
  }
  return undefined;
}

/** Checks a contestant, compiles it and makes its buffers; what it refuses is its reason. */
async function prepared(
  { name, study, timed }: Contestant,
  clock: "gpu" | "wall",
): Promise<{ time: GpuTime; repeated?: Repeated }> {
  const nothing: GpuTime = { name, timing: undefined, reason: undefined, bytes: 0, operations: undefined };
  try {
    const { joined, entry, usual, buffers, prepared: ready } = await readyStudy(timed);
    const { code, buffer: printed } = instrumentPrints(joined.code, entry);
    if (printed) throw new Error("it prints: take print(…) out to time it");
    const [problem] = await compile(code, entry.name);
    if (problem) throw new Error(problem.message);
    const wrong = await wrongIn(study);
    if (wrong !== undefined) throw new Error(wrong);
    const given = new Map(
      [...buffers()].map(([variable, all]) => [variable, padded(all, variable.space === "uniform")]),
    );
    const bytes = [...given.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    const repeated = await repeatedOn(device(), { code, entry, buffers: given, workgroups: ready.workgroups }, clock);
    const operations = isOfRecord(study) ? costOf(usual)?.["operations"] : undefined;
    return { time: { ...nothing, bytes, operations }, repeated };
  } catch (error) {
    return { time: { ...nothing, reason: words(error) } };
  }
}

serveCalls<GpuCalls>(
  {
    compile: ({ code, entry }) => compile(code, entry),
    grade: ({ puzzle, text }) =>
      grade(puzzleOf(puzzle), text, (code, entry, buffers, workgroups) =>
        runOnGpu(device().device, code, entry, buffers, workgroups),
      ),
    run: async (study) => run(await readyStudy(study)),
    async time({ contestants, withPeaks }, { signal, report }) {
      const gpu = device();
      const clock = clockFor(gpu);
      const ready = [];
      for (const one of contestants) {
        report(`checking ${one.name}`);
        ready.push(await prepared(one, clock));
        signal.throwIfAborted();
      }
      const able = ready.flatMap((one) => (one.repeated ? [one] : []));
      report("timing");
      const timings = await timeInTurns(
        able.map(
          ({ repeated }) =>
            (repeats) =>
              repeated?.interval(repeats) ?? Promise.resolve(0),
        ),
        await timingOn(gpu, clock, { ...standardTiming, signal }),
      );
      for (const { repeated } of able) repeated?.dispose();
      if (withPeaks && !peaks) {
        report("measuring what this device can do");
        peaks = await measurePeaks(gpu, { clock, signal });
      }
      const times = ready.map((one) => ({ ...one.time, timing: timings[able.indexOf(one)] }));
      return { clock, times, peaks };
    },
  },
  (gpu) => {
    current = gpu;
    peaks = undefined;
  },
);
