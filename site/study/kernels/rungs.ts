import type { Ladder, Rung } from "../../../src/study/ladders/ladder.ts";
import { ladders } from "../../../src/study/ladders/ladders.ts";
import { ownKernel } from "../own/given.ts";

/** A kernel's place in its ladder. */
export interface RungPlace {
  readonly ladder: Ladder;
  readonly rung: Rung;
  readonly index: number;
  /** Kernels before and after it in the ladder. */
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** The ladder after this one, at its last rung. */
  readonly nextLadder: Ladder | undefined;
  /** The one kernel that it is compared with: the rung before, or another; undefined where several do what it does. */
  readonly than: string | undefined;
}

const places = new Map<string, RungPlace>(
  ladders.flatMap((ladder, number) =>
    ladder.rungs.map((rung, index): [string, RungPlace] => {
      const [before, after] = [ladder.rungs[index - 1]?.kernel, ladder.rungs[index + 1]?.kernel];
      const than = rung.than === undefined ? before : rung.than.length === 1 ? rung.than[0] : undefined;
      const nextLadder = after === undefined ? ladders[number + 1] : undefined;
      return [rung.kernel, { ladder, rung, index, before, after, nextLadder, than }];
    }),
  ),
);

/** The kernel's place in a ladder; undefined for one that no ladder has. */
export const rungOf = (kernel: string): RungPlace | undefined => places.get(kernel);

/** A kernel's name as it is shown: without the folder of kernels that only teach, unless another rung has that name. */
export function shownName(kernel: string): string {
  if (kernel === ownKernel) return "Your own kernel";
  const short = kernel.replace(/^ladders\//, "");
  return places.has(short) ? kernel : short;
}
