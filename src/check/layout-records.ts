// The records of layouts of keys and values, by which cases and benches lay out sequences.

export type { LaidOut, LayoutNumbers, SequenceSize } from "../kernels/kv-cache/layouts/layout-record.ts";
export { type AnyLayoutRecord, layoutRecords } from "../kernels/kv-cache/layouts.ts";
