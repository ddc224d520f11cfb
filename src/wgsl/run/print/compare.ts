import type { PrintedLine } from "../results.ts";
import type { ScalarName } from "../types.ts";
import type { GpuPrint } from "./records.ts";

/** Lines of each thread, in order. */
function byThread<T extends PrintedLine>(lines: readonly T[]): Map<string, T[]> {
  const threads = new Map<string, T[]>();
  for (const line of lines) {
    const thread = `lane ${line.lane} of workgroup ${line.workgroup.join(", ")}`;
    const own = threads.get(thread) ?? [];
    threads.set(thread, own);
    own.push(line);
  }
  return threads;
}

/**
 * How what a GPU printed differs from what the interpreter printed; nothing where each thread printed the same lines in
 * the same order. NaN equals NaN, and zeros are equal, as WGSL lets a GPU ignore their sign. Says nothing useful where
 * either has dropped lines.
 *
 * @param isNear Whether two floats that are not the same count as equal.
 */
export function differentPrints(
  interpreted: readonly PrintedLine[],
  onGpu: readonly GpuPrint[],
  isNear: (interpreted: number, onGpu: number, type: ScalarName) => boolean,
): string[] {
  const [ours, gpus] = [byThread(interpreted), byThread(onGpu)];
  const isSame = (one: number, other: number, type: ScalarName) =>
    Object.is(one, other) || one === other || ((type === "f32" || type === "f16") && isNear(one, other, type));
  const isEqual = (line: PrintedLine, { line: other, values, types }: GpuPrint) =>
    line.line === other &&
    line.values.length === values.length &&
    line.values.every((value, i) => isSame(value, values[i] as number, types[i] as ScalarName));
  const text = (line: PrintedLine | undefined) =>
    line ? `line ${line.line} printed ${line.values.join(" ")}` : "nothing";
  return [...new Set([...ours.keys(), ...gpus.keys()])].flatMap((thread) => {
    const [own, theirs] = [ours.get(thread) ?? [], gpus.get(thread) ?? []];
    const longer = own.length > theirs.length ? own : theirs;
    return longer.flatMap((_, i) => {
      const [one, other] = [own[i], theirs[i]];
      return one && other && isEqual(one, other) ? [] : [`${thread}: ${text(one)}, on the GPU ${text(other)}`];
    });
  });
}
