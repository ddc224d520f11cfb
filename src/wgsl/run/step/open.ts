// Makes all that a stepper holds, from a checked text and options.

import { WgslError } from "../../error.ts";
import { buffersOf, entryOf } from "../bindings.ts";
import { newDispatch, settingOf } from "../execute/dispatch.ts";
import { plain } from "../execute/plain.ts";
import type { Memory } from "../execute/state.ts";
import { placesOf as workgroupsIn } from "../execute/workgroups.ts";
import type { Program, Variable } from "../program.ts";
import { newDetector } from "../race/detector.ts";
import { newAccessLog } from "./accesses.ts";
import type { Searched } from "./go.ts";
import type { Text } from "./lanes.ts";
import { layoutOf } from "./layout.ts";
import { type Lens, newLens, otherMachine } from "./lens.ts";
import { newOthers, type Others } from "./others.ts";
import { newRecording, type Recording } from "./recording.ts";
import type { StepperOptions } from "./types.ts";
import { newWatcher, spareSlots } from "./watch.ts";

/** All that a stepper holds. */
export interface Opened extends Searched {
  readonly lens: Lens;
  readonly recording: Recording;
  readonly text: Text;
  readonly workgroupSize: readonly [number, number, number];
  /** Buffers and workgroup memory, in the order of their numbers. */
  readonly memories: ReadonlyMap<Variable, Memory>;
  /** Workgroups before the one under the lens, and after it. */
  readonly before: Others;
  readonly after: () => Others;
}

/** The most bytes of all buffers together: with counts of each word, each byte takes three. */
const mostBufferBytes = 64 * 1024 * 1024;

/** The most steps of the workgroup that is stepped through, and of the others. */
const mostSteps = 4_000_000;
const mostOtherSteps = 50_000_000;

/** A workgroup at its start. Throws as `openStepper` does. */
export function open(program: Program, options: StepperOptions, lineAt: (at: number) => number): Opened {
  const { subgroupSize = 32, mapping, strands = "subgroup" } = options;
  const { lens: place = [0, 0, 0], maxBytes = 64 * 1024 * 1024 } = options;
  const [x, y = 1, z = 1] = options.workgroups;
  const workgroups = [x, y, z] as const;
  if (place.some((one, i) => !(Number.isInteger(one) && one >= 0 && one < (workgroups[i] as number)))) {
    throw new RangeError(`the lens is workgroup ${place.join(", ")}; there are ${workgroups.join(" × ")} workgroups`);
  }
  const entry = entryOf(program, options.entryPoint);
  const buffers = copied(buffersOf(entry, options.bindings).buffers);
  const setting = settingOf(entry, { workgroups, buffers, subgroupSize, mapping, strands, maxPrints: 10_000 });
  const { code } = setting;
  const variables = inOrder(code.memory);
  const bytesOf = (one: Variable) => setting.buffers.get(one)?.bytes ?? one.type.size;
  const log = newAccessLog(new Map(variables.map((one) => [one, { bytes: bytesOf(one) }])));
  const maxSteps = Number.POSITIVE_INFINITY;
  const dispatch = newDispatch(setting, { makers: plain, maxSteps, observers: [log.observer], spareSlots });
  const { state } = dispatch.machine;
  const memories = new Map(variables.map((one) => [one, state.memory.get(one) as Memory]));
  const lens = newLens(dispatch, log, memories, place, maxBytes);
  const layout = layoutOf(code, lineAt);
  const detector = newDetector();
  const watching = otherMachine(lens, plain, [detector.observer]);
  detector.observer.workgroup?.();
  const recording = newRecording(watching, detector, Math.min(options.maxSteps ?? mostSteps, mostSteps));
  const text = { code, layout, lineAt };
  const all = [...workgroupsIn(workgroups)];
  const index = all.findIndex((one) => one.every((number, i) => number === place[i]));
  const plainDispatch = () => newDispatch(setting, { makers: plain, maxSteps: mostOtherSteps, observers: [] });
  return {
    lens,
    recording,
    text,
    workgroupSize: entry.workgroupSize,
    memories,
    past: { code, layout, recording },
    watcher: newWatcher(program, text, state),
    nans: undefined,
    before: newOthers(all.slice(0, index), plainDispatch),
    after: () => newOthers(all.slice(index + 1), plainDispatch),
  };
}

/** Buffers of their own with the same content; two variables of one buffer still share it. */
function copied(buffers: ReadonlyMap<Variable, ArrayBuffer>): Map<Variable, ArrayBuffer> {
  const each = [...new Set(buffers.values())];
  const bytes = each.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (bytes > mostBufferBytes) {
    throw new WgslError(`buffers of ${bytes} bytes; stepping takes ${mostBufferBytes} at most`, 0);
  }
  const copies = new Map(each.map((buffer) => [buffer, buffer.slice(0)]));
  return new Map([...buffers].map(([variable, buffer]) => [variable, copies.get(buffer) as ArrayBuffer]));
}

/** Buffers by their groups and bindings, then variables in workgroup memory as the text has them. */
function inOrder(memory: ReadonlySet<Variable>): readonly Variable[] {
  const rank = ({ binding, span }: Variable) => (binding ? [0, binding.group, binding.binding] : [1, 0, span.at]);
  return [...memory].sort((a, b) => {
    const [one, other] = [rank(a), rank(b)];
    const differs = one.findIndex((number, i) => number !== other[i]);
    return differs < 0 ? 0 : (one[differs] as number) - (other[differs] as number);
  });
}
