// Small kernels to step through, with their buffers.
import { buffersOf } from "../../../../src/study/buffers.ts";
import type { Prepared } from "../../../../src/study/kernel.ts";
import type { RunBinding } from "../../../../src/wgsl/run/bindings.ts";
import { checkProgram } from "../../../../src/wgsl/run/check/program.ts";
import { runWgsl } from "../../../../src/wgsl/run/run.ts";
import { openStepper } from "../../../../src/wgsl/run/step/stepper.ts";
import type { Stepper, StepperOptions } from "../../../../src/wgsl/run/step/types.ts";

/** A text, and new buffers for each run. */
export interface SmallKernel {
  readonly code: string;
  readonly bindings: () => RunBinding[];
  readonly workgroups: readonly [number, number?, number?];
}

/** Lines are counted from the first one here. */
const text = (code: string) => code.replace(/^\n/, "");

/** Barriers, branches, calls, loops of different lengths, atomics, memory of each kind; 16 lanes, 3 workgroups. */
export const mixed: SmallKernel = {
  code: text(`
struct Params { rows: u32, scale: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> counts: array<atomic<u32>>;
var<workgroup> tile: array<f32, 16>;
var<workgroup> total: f32;
var<private> calls: u32 = 3;

fn scaled(value: f32) -> f32 {
  calls += 1;
  if (value < 0) {
    return -value * params.scale;
  }
  return value * params.scale;
}

fn add(to: ptr<function, f32>, value: f32) {
  *to += value;
}

@compute @workgroup_size(16)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  var sum = 0.0;
  for (var i = 0u; i < lane % 5; i++) {
    if (i == 2) {
      continue;
    }
    add(&sum, scaled(x[(lane + i) % 16]));
  }
  tile[lane] = sum;
  workgroupBarrier();
  if (lane == 3) {
    total = tile[0] + tile[15];
  }
  let all = workgroupUniformLoad(&total);
  var local = array<f32, 4>();
  switch lane % 3 {
    case 0: { local[lane % 4] = all; }
    case 1: { local[1] = sum; }
    default: { local[0] = 1; }
  }
  loop {
    sum += local[lane % 4];
    if (sum > 20) { break; }
    continuing {
      sum += 1;
      break if lane > 7;
    }
  }
  if (lane >= 12) {
    atomicAdd(&counts[group.x], calls);
    return;
  }
  y[group.x * 16 + lane] = sum + y[lane];
}
`),
  bindings: () => [
    { binding: 0, data: new DataView(paramBytes()) },
    { binding: 1, data: Float32Array.from({ length: 16 }, (_, i) => (i % 2 ? -i : i) / 4) },
    { binding: 2, data: new Float32Array(48).fill(0.5) },
    { binding: 3, data: new Uint32Array(3) },
  ],
  workgroups: [3],
};

function paramBytes(): ArrayBuffer {
  const bytes = new ArrayBuffer(8);
  new Uint32Array(bytes)[0] = 16;
  new Float32Array(bytes)[1] = 1.5;
  return bytes;
}

/** A stepper whose run has come to its end, in slices of so many steps. */
export function opened(kernel: SmallKernel, options: Partial<StepperOptions> = {}, slice = 1000): Stepper {
  const { code, bindings, workgroups } = kernel;
  const stepper = openStepper(code, Object.assign({ bindings: bindings(), workgroups, subgroupSize: 8 }, options));
  let slices = 0;
  while (!stepper.advance(slice)) if (slices++ > 100_000) throw new Error("the run does not end");
  return stepper;
}

const shown = (_: string, value: unknown) => (ArrayBuffer.isView(value) ? [...(value as Uint8Array)].join() : value);

/** All that a reader can see at a step, as a text. */
export function seen(stepper: Stepper): string {
  const values = stepper.strands.map((_, strand) =>
    stepper
      .variables(strand)
      .filter(({ type, scalars }) => !/ptr|atomic|array<\w+>/.test(type) && scalars <= 16)
      .map(({ name }) => [name, stepper.watch(name, strand)]),
  );
  const memory = stepper.memories.map((_, i) => stepper.memory(i));
  return JSON.stringify({ where: stepper.where(), lanes: stepper.lanes(), memory, values }, shown);
}

/** A value of each lane, by the scalars of lane 0 first. Throws for a refusal. */
export function watched(stepper: Stepper, expression: string, strand = 0): readonly number[] {
  const found = stepper.watch(expression, strand);
  if ("refused" in found) throw new Error(found.refused);
  return [...found.values];
}

/** What the buffers that are written hold after a plain run, in the order of their bindings. */
export function bytesAfter({ code, bindings, workgroups }: SmallKernel): Uint8Array[] {
  const own = bindings();
  const stepper = openStepper(code, { bindings: own, workgroups });
  runWgsl(code, { bindings: own, workgroups, subgroupSize: 8 });
  return stepper.memories.flatMap(({ space, writable, group, binding }) => {
    const found = own.find((one) => (one.group ?? 0) === group && one.binding === binding);
    if (space !== "storage" || !writable || !found) return [];
    const { data } = found;
    return [data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer)];
  });
}

/** A kernel of shaders/, with one dispatch. */
export function studied({ shader, dispatch }: Prepared): SmallKernel {
  const [entry] = checkProgram(shader.code).entryPoints.values();
  if (!entry) throw new Error("no entry point");
  const bindings = () =>
    [...buffersOf(entry, dispatch)].flatMap(([{ binding }, data]): RunBinding[] =>
      binding ? [{ group: binding.group, binding: binding.binding, data }] : [],
    );
  return { code: shader.code, bindings, workgroups: dispatch.workgroups };
}
