// Ways in which a statement may end (WGSL, "Statements Behavior Analysis"); a set of them is their sum.

/** It goes on with the statement that follows. */
export const next = 1;
export const breaks = 2;
export const continues = 4;
export const returns = 8;

/** How a loop or a switch ends: a break in it goes on with what follows it. */
export const afterBreaks = (ends: number): number => ((ends & breaks) === 0 ? ends : (ends & ~breaks) | next);
