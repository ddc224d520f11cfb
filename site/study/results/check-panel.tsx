import { count, digits } from "../../shell/format.ts";
import { gpuRun } from "../gpu/state.ts";
import * as state from "../state.ts";
import type { BoundedOutput, Output } from "../worker/protocol.ts";
import { type Allowance, allowanceOf, type Verdict, verdictOf } from "./check.ts";

/** The outputs beside the definition in float64, at the worst element. */
export function CheckPanel() {
  const { report } = state;
  return (
    <section class="panel" aria-label="Check" id="check" tabIndex={-1}>
      <h2>Check</h2>
      {!report.value && <p class="small">{state.waitingFor("computing…")}</p>}
      {report.value?.outputs.map((output) => (
        <OutputCard
          key={output.name}
          output={withUsual(output)}
          reference={report.value?.reference ?? "its text in the repository"}
        />
      ))}
    </section>
  );
}

const exact = (value: number): string =>
  Number.isNaN(value)
    ? "NaN"
    : Number.isFinite(value)
      ? String(Number(value.toPrecision(9))).replace("-", "−")
      : `${value}`;

/** Where a kernel has no definition of its own, it is compared with its text in the repository, in float64. */
const withUsual = (output: Output): Output => ({
  ...output,
  expected: output.expected ?? state.float64.value?.usual[output.name],
});

function OutputCard({ output, reference }: { output: Output; reference: string }) {
  const { name, values, expected, scalar } = output;
  const bounded = state.float64.value?.outputs[name];
  const onGpu = gpuRun.value?.outputs[name];
  const verdict = expected && verdictOf(values, expected, scalar);
  const gpuVerdict = onGpu && verdictOf(onGpu, expected ?? values, scalar);
  // The element where the worse of the two is farthest off.
  const worst =
    gpuVerdict && (!verdict || gpuVerdict.nmse > verdict.nmse || !gpuVerdict.isRight) ? gpuVerdict : verdict;
  const at = worst?.index ?? 0;
  const show = () => {
    state.shownMemory.value = name;
    state.word.value = scalar === "f16" ? at >> 1 : at;
    document.querySelector<HTMLElement>("#memory")?.scrollIntoView();
  };
  const columns: readonly (readonly [string, Float64Array | undefined])[] = [
    [`${reference} in float64`, expected],
    ["interpreted", values],
    ["on your GPU", onGpu],
  ];
  const shown = columns.filter((column): column is readonly [string, Float64Array] => column[1] !== undefined);
  return (
    <article class="output" data-output={name}>
      <h3>
        <code>{name}</code>, {count(values.length)} values of {scalar}
      </h3>
      <ul class="verdicts small">
        {verdict && <Says verdict={verdict} who="Interpreted" than={`${reference} in float64`} />}
        {gpuVerdict && (
          <Says
            verdict={gpuVerdict}
            who="On your GPU"
            than={expected ? `${reference} in float64` : "the interpreter"}
          />
        )}
        {onGpu && <li>{sameBits(values, onGpu)}</li>}
        {bounded && <li>{allowanceText("Interpreted", allowanceOf(values, bounded))}</li>}
        {bounded && onGpu && <li>{allowanceText("On your GPU", allowanceOf(onGpu, bounded))}</li>}
      </ul>
      <table class="worst">
        <thead>
          <tr>
            <th scope="col">
              {worst ? "at the worst element" : "at element"} {count(at)}
            </th>
            <th scope="col" class="number">
              value
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map(([head, column]) => (
            <tr key={head}>
              <th scope="row">{head}</th>
              <td class="number">{exact(column[at] ?? Number.NaN)}</td>
            </tr>
          ))}
          {bounded && (
            <tr>
              <th scope="row">this text in float64, and what roundings may do</th>
              <td class="number">
                {exact(bounded.values[at] ?? Number.NaN)} {boundText(bounded, at)}
              </td>
            </tr>
          )}
        </tbody>
      </table>
      <p>
        <button type="button" onClick={show}>
          Show element {count(at)} in memory
        </button>
      </p>
    </article>
  );
}

function Says({ verdict, who, than }: { verdict: Verdict; who: string; than: string }) {
  const { isRight, nmse, cap, ulps, misplaced } = verdict;
  const distance = Number.isNaN(ulps) ? "" : `, at worst ${count(ulps)} f32 away`;
  const wrongPlaces =
    misplaced > 0 ? `; ${count(misplaced)} are NaN or infinite where ${than} is not, or the other way` : "";
  return (
    <li>
      <span class={isRight ? "right" : "wrong"}>{isRight ? "✓ right" : "✗ wrong"}</span> {who}: squared error{" "}
      {nmse.toExponential(1)} of the squares of {than} (at most {cap === 0 ? "0" : cap.toExponential(0)}){distance}
      {wrongPlaces}.
    </li>
  );
}

const boundText = ({ bounds, decided }: BoundedOutput, at: number): string => {
  const bound = bounds[at] ?? 0;
  if (decided[at]) return "(rounding decides)";
  return Number.isFinite(bound) ? (bound === 0 ? "exactly" : `± ${bound.toExponential(1)}`) : "± any";
};

/** How values keep within what WGSL lets roundings do. */
function allowanceText(who: string, { within, beyond, unbounded, most }: Allowance): string {
  if (within + beyond === 0) return `${who}: WGSL says nothing of how these values are rounded.`;
  const used = most ? `, using at most ${digits(100 * most.share)} % of what roundings may do` : "";
  const rest = unbounded > 0 ? ` Of ${count(unbounded)} more, rounding decides.` : "";
  return beyond === 0
    ? `${who}: ${count(within)} values are within the roundings that WGSL allows this text${used}.${rest}`
    : `${who}: ${count(beyond)} of ${count(within + beyond)} values are beyond the roundings that WGSL allows this text.${rest}`;
}

/** How many values the two executions agree in to the bit. */
function sameBits(values: Float64Array, onGpu: Float64Array): string {
  const same = values.reduce((sum, value, i) => sum + (Object.is(value, onGpu[i]) ? 1 : 0), 0);
  if (same === values.length) return "✓ Your GPU and the interpreter agree in every bit.";
  return `Your GPU and the interpreter agree to the bit in ${count(same)} of ${count(values.length)} values: sums may be added in another order, and products fused.`;
}
