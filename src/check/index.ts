// Everything needed to check your own kernel as this library's kernels are checked: cases with a float64 reference,
// poisoned memory between canaries, NMSE within a cap, and errors little larger than those of plain f32 loops.

// Checking kernels

export { type Dense, dense } from "../reference/dense.ts";
export { type Framed, framed, poisoned } from "./canaries.ts";
export {
  type Case,
  type CaseInput,
  type CaseTable,
  casesTagged,
  type GivenMemory,
  hasTag,
  missingFeatures,
  requirementsOf,
  stored,
  variantsOf,
  withTags,
} from "./case-table.ts";
export { type CaseFigures, checkCase } from "./check-case.ts";
export { assertClose, type Difference, difference, nmseCaps } from "./compare.ts";
export { inRuns, inRunsOf, inTurn, type Sum } from "./emulation/sums.ts";
export { type Allowed, allowedUlps, assertGate, type Errors, errorsOf, type Gate, limitsOf, ulp } from "./gate.ts";
export type { Named } from "./named.ts";
export { normal, type RandomSource, randomSource } from "./random.ts";
export { type CaseReport, type CheckChoice, checkTable, formatReports } from "./report.ts";
export { type CaseResult, runCase, storedInputs, uploadedInputs } from "./run-case.ts";
