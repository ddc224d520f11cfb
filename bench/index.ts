// The entry for the command line and the pages. Nothing here depends on Node or a page.

export { algorithmNames } from "./attention/algorithms.ts";
export { formatBatch, parseBatch, parseLength } from "./attention/batch.ts";
export { type AttentionCase, attentionCase, type CaseText, caseName } from "./attention/case.ts";
export { cacheFormats } from "./attention/formats.ts";
export { parseHeads } from "./attention/heads.ts";
export { layoutForms, parseLayout } from "./attention/layouts.ts";
export { maskForms, parseMask } from "./attention/masks.ts";
export { noOwn, type OwnMods, readOwn } from "./attention/own.ts";
export type { AttentionPlan, AttentionSubject } from "./attention/plan.ts";
export { findPreset, presets } from "./attention/presets.ts";
export { type BenchEvents, checkRoom, runAttentionBench } from "./attention/run.ts";
export { parseScore, scoreForms } from "./attention/scores.ts";
export { standardCases } from "./attention/standard.ts";
export { everySubject, parseSubject, subjectsFor } from "./attention/subjects.ts";
export { findSweep, type Sweep, type SweepOptions, sweeps } from "./attention/sweeps.ts";
export { formatCsv, formatMarkdown } from "./harness/documents.ts";
export { environmentOf } from "./harness/environment.ts";
export { digits, percent, quantity } from "./harness/numbers.ts";
export { measurePeaks } from "./harness/peaks.ts";
export { byCase, formatCase, formatEnvironment, type Paint, peakTexts } from "./harness/table.ts";
export { clockFor, standardTiming, type TimingOptions } from "./harness/timing.ts";
export { type MoeCase, moeCaseName, routings, standardMoeCases } from "./moe/cases.ts";
export { type MoePlan, runMoeBench } from "./moe/run.ts";
export { type OpPlan, runOpBench } from "./ops/run.ts";
export { opTables } from "./ops/tables.ts";
export type { BenchResult, BenchRow, Environment, Peak, Peaks, Verdict } from "./result.ts";
