// The dispatch in float64, with bounds: how far a device may be from it.
import { runFloat64 } from "../../../src/wgsl/run/float64/float64.ts";
import { located, type ReadyStudy, readyStudy } from "./prepare.ts";
import { type Float64Report, isEdited } from "./protocol.ts";

/** Steps of all workgroups together: one takes several times as long as in f32. */
const maxSteps = 2_000_000;

const boundedOf = ({ joined, entry, prepared, study, buffers }: ReadyStudy) =>
  located(joined, () =>
    runFloat64(entry, {
      workgroups: prepared.workgroups,
      buffers: buffers(),
      subgroupSize: study.subgroupSize,
      mapping: study.mapping,
      maxSteps,
      onDivergence: "report",
    }),
  ).results;

/**
 * Runs the text in float64, and that of the repository where the kernel has no definition. Throws for a run that takes
 * too many steps, and for a text with too many numbers.
 */
export async function float64Of(ready: ReadyStudy): Promise<Float64Report> {
  const own = boundedOf(ready);
  const hasEdits = isEdited(ready.study);
  const needsUsual = ready.usual.kernel.reference === undefined && ready.study.own === undefined;
  const usual = !needsUsual ? new Map() : hasEdits ? boundedOf(await readyStudy({ ...ready.study, edits: {} })) : own;
  return {
    outputs: Object.fromEntries(
      [...own].map(([{ name }, { values, bounds, decided }]) => [name, { values, bounds, decided }]),
    ),
    usual: Object.fromEntries([...usual].map(([{ name }, { values }]) => [name, values])),
  };
}
