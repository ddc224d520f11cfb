// Figures of the interpreter of WGSL: how long it takes to read kernels, how fast it runs them, when an endless loop
// ends. Each function gives a line.
import { buffersOf } from "../../../src/study/buffers.ts";
import { type Choice, type Prepared, prepare } from "../../../src/study/kernel.ts";
import { studyKernel, studyKernels } from "../../../src/study/kernels.ts";
import { WgslError } from "../../../src/wgsl/error.ts";
import { entryOf } from "../../../src/wgsl/run/bindings.ts";
import { checkProgram } from "../../../src/wgsl/run/check/program.ts";
import { newCounter } from "../../../src/wgsl/run/count/counter.ts";
import { execute } from "../../../src/wgsl/run/execute/execute.ts";
import { openStepper } from "../../../src/wgsl/run/step/stepper.ts";
import { medianTime } from "./median-time.ts";

const ms = (time: number): string => `${time.toFixed(1)} ms`;

/** How long it takes to check the text of each of `kernels`, all unless given: the median and the longest. */
export async function readingLine(kernels?: readonly string[]): Promise<string> {
  const all = await studyKernels();
  const times = [...all.values()]
    .filter(({ source: { name } }) => kernels?.includes(name) ?? true)
    .map((kernel) => {
      const { code } = prepare(kernel).shader;
      return { name: kernel.source.name, time: medianTime(() => checkProgram(code), 5) };
    })
    .sort((a, b) => a.time - b.time);
  const [median, longest] = [times[times.length >> 1], times.at(-1)];
  if (!median || !longest) throw new Error(`there is no kernel ${kernels?.join(", ")}`);
  return `reading ${times.length} kernels: median ${ms(median.time)}, longest ${ms(longest.time)} (${longest.name})`;
}

/** How fast a dispatch runs, in scalar operations of threads, accesses of memory not included. */
export async function runningLine(name: string, choice: Choice): Promise<string> {
  const { shader, dispatch } = prepare(await studyKernel(name), choice);
  const entry = entryOf(checkProgram(shader.code), undefined);
  const filled = [...buffersOf(entry, dispatch)];
  const run = (observers: Parameters<typeof execute>[1]["observers"] = []) => {
    const buffers = new Map(filled.map(([variable, bytes]) => [variable, bytes.slice(0)]));
    return execute(entry, { workgroups: dispatch.workgroups, buffers, observers });
  };
  const counter = newCounter();
  run([counter.observer]);
  const operations = counter.counts().operations.reduce((sum, { count }) => sum + count, 0);
  const time = medianTime(() => run(), 5);
  const sizes = Object.entries(choice.sizes ?? {}).map(([size, value]) => `${size} ${value}`);
  const what = [name, ...sizes].join(", ");
  return `running ${what}: ${ms(time)}, ${(operations / time / 1000).toFixed(0)} million operations a second`;
}

const bindingsOf = ({ shader: { code }, dispatch }: Prepared) =>
  [...buffersOf(entryOf(checkProgram(code), undefined), dispatch)].flatMap(([{ binding }, data]) =>
    binding ? [{ group: binding.group, binding: binding.binding, data }] : [],
  );

/** How long it takes until the first step of a kernel can be looked at. */
export async function steppingLine(name: string): Promise<string> {
  const prepared = prepare(await studyKernel(name));
  const bindings = bindingsOf(prepared);
  const { workgroups } = prepared.dispatch;
  const time = medianTime(() => {
    const stepper = openStepper(prepared.shader.code, { bindings, workgroups });
    stepper.advance(1000);
    stepper.goTo(0);
    return [stepper.where(), stepper.lanes()];
  });
  return `first state of ${name}: ${ms(time)}`;
}

/** How long an endless loop runs before the budget of `maxSteps` ends it. */
export function endlessLine(maxSteps: number): string {
  const code = `@compute @workgroup_size(64) fn main(@builtin(local_invocation_index) lane: u32) {
  var i = 0u;
  while (i < 1000 || lane < 64) { i += 1; }
}`;
  const entry = entryOf(checkProgram(code), undefined);
  const begin = performance.now();
  try {
    execute(entry, { workgroups: [1, 1, 1], buffers: new Map(), maxSteps });
  } catch (error) {
    if (!(error instanceof WgslError)) throw error;
    return `endless loop of 64 threads: ${((performance.now() - begin) / 1000).toFixed(1)} s (${error.message})`;
  }
  throw new Error("an endless loop has ended by itself");
}
