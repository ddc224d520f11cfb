import type { Shader } from "../../../src/gpu/shader/specialise.ts";

/** A barrier of a joined kernel. */
export interface Barrier {
  /** Its file, its function and its number in there: `lib/reduce workgroup_sum 3`. */
  readonly name: string;
  /** The kernel without it. */
  readonly without: string;
}

/** The barriers of the functions that the kernel calls. */
export function barriersOf({ code, lines }: Shader): Barrier[] {
  const bodies = new Map<string, string>();
  for (const piece of code.split(/^(?=fn )/m)) {
    const name = /^fn (\w+)/.exec(piece)?.[1];
    if (name !== undefined) bodies.set(name, piece.replace(/\/\/.*/g, "").slice(2 + name.length));
  }
  const called = new Set(["main"]);
  for (const caller of called) {
    for (const [, name = ""] of (bodies.get(caller) ?? "").matchAll(/\b(\w+)\(/g)) {
      if (bodies.has(name)) called.add(name);
    }
  }

  const counts = new Map<string, number>();
  return [...code.matchAll(/\bworkgroupBarrier\(\);/g)].flatMap(({ 0: text, index }) => {
    const before = code.slice(0, index);
    const within = [...before.matchAll(/^fn (\w+)/gm)].at(-1)?.[1] ?? "";
    if (!called.has(within)) return [];
    const place = `${lines[before.split("\n").length - 1]?.file} ${within}`;
    const number = (counts.get(place) ?? 0) + 1;
    counts.set(place, number);
    return [{ name: `${place} ${number}`, without: before + code.slice(index + text.length) }];
  });
}
