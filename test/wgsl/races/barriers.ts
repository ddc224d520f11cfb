import type { Shader } from "../../../src/gpu/shader/specialise.ts";
import { lower } from "../../../src/wgsl/run/lower/lower.ts";
import { entryPointOf } from "./watched.ts";

/** A barrier of a joined kernel. */
export interface Barrier {
  /** Its file, its function and its number in there: `lib/reduce workgroup_sum 3`. */
  readonly name: string;
  /** The kernel without it. */
  readonly without: string;
}

const call = "workgroupBarrier();";

/** The barriers that the kernel reaches. */
export function barriersOf({ code, lines }: Shader): Barrier[] {
  const { operations } = lower(entryPointOf(code), 2 ** 20);
  const reached = new Set(operations.flatMap(({ kind, span }) => (kind === "barrier" ? [span.at] : [])));
  const counts = new Map<string, number>();
  return [...reached]
    .sort((a, b) => a - b)
    .map((at) => {
      const before = code.slice(0, at);
      if (!code.startsWith(call, at)) throw new Error(`no barrier: ${code.slice(at, at + 40)}`);
      const within = [...before.matchAll(/^fn (\w+)/gm)].at(-1)?.[1] ?? "";
      const place = `${lines[before.split("\n").length - 1]?.file} ${within}`;
      const number = (counts.get(place) ?? 0) + 1;
      counts.set(place, number);
      return { name: `${place} ${number}`, without: before + code.slice(at + call.length) };
    });
}
