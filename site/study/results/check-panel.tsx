import { comparison, type Float64Numbers } from "../../../src/wgsl/run/float64/comparison.ts";
import { count, digits } from "../../shell/format.ts";
import { sentence } from "../../shell/trouble/sentence.ts";
import { gpuRun } from "../gpu/state.ts";
import * as state from "../state.ts";
import type { Output } from "../worker/protocol.ts";
import { type Verdict, verdictOf } from "./check.ts";

/** The outputs compared with the definition in float64, at the worst element. */
export function CheckPanel() {
  const { report } = state;
  return (
    <section class="panel" aria-label="Check" id="check" tabIndex={-1}>
      <h2>Check</h2>
      {!report.value && <p class="small">{state.waitingFor("computing…")}</p>}
      {report.value && (
        <p class="small muted">
          {state.study.value.own
            ? "These buffers are yours: there is no definition to compare with. Float64 says how far roundings may go."
            : "What is right is computed in float64, in JavaScript’s numbers."}
        </p>
      )}
      {report.value?.outputs.map((output) => (
        <OutputCard
          key={output.name}
          output={withUsual(output)}
          reference={report.value?.reference ?? "its text in the repository"}
        />
      ))}
      <NoFloat64 />
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

/** Why there are no bounds. */
function NoFloat64() {
  if (!state.noFloat64.value) return null;
  const { message, place } = state.noFloat64.value;
  return (
    <p class="small" id="no-float64">
      How far roundings may go is unknown, since the run in float64 ended
      {place && ` in line ${place.line} of ${place.file}`}: {sentence(message)}
    </p>
  );
}

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
        {bounded && <li>{roundingText("Interpreted", values, bounded)}</li>}
        {bounded && onGpu && <li>{roundingText("On your GPU", onGpu, bounded)}</li>}
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
  const distance = Number.isNaN(ulps) ? "" : `, at worst ${count(ulps)} steps of f32 away`;
  const wrongPlaces =
    misplaced > 0 ? `; ${count(misplaced)} are NaN or infinite where ${than} is not, or the other way` : "";
  return (
    <li>
      <span class={isRight ? "right" : "wrong"}>{isRight ? "✓ right" : "✗ wrong"}</span> {who}: squared errors add up to{" "}
      {nmse.toExponential(1)} of the squares of {than} ({cap === 0 ? "0" : cap.toExponential(0)} is allowed){distance}
      {wrongPlaces}.
    </li>
  );
}

const boundText = ({ bounds, decided }: Float64Numbers, at: number): string => {
  const bound = bounds[at] ?? 0;
  if (decided[at]) return "(rounding decides)";
  return Number.isFinite(bound) ? (bound === 0 ? "exactly" : `± ${bound.toExponential(1)}`) : "± any";
};

/** How values keep within what WGSL lets roundings do. */
function roundingText(who: string, values: Float64Array, bounded: Float64Numbers): string {
  const { within, outside, decided, unbounded, worst } = comparison(bounded, (i) => values[i] ?? Number.NaN);
  if (within + outside === 0) return `${who}: WGSL says nothing of how these values are rounded.`;
  const used = `, using at most ${digits(100 * (worst?.ratio ?? 0))} % of what roundings may do`;
  const rest = decided + unbounded > 0 ? ` Of ${count(decided + unbounded)} more, rounding decides.` : "";
  return outside === 0
    ? `${who}: ${count(within)} values are within the roundings that WGSL allows this text${used}.${rest}`
    : `${who}: ${count(outside)} of ${count(within + outside)} values are beyond the roundings that WGSL allows this text.${rest}`;
}

/** How many values the two executions agree in to the bit. */
function sameBits(values: Float64Array, onGpu: Float64Array): string {
  const same = values.reduce((sum, value, i) => sum + (Object.is(value, onGpu[i]) ? 1 : 0), 0);
  if (same === values.length) return "✓ Your GPU and the interpreter agree in every bit.";
  return `Your GPU and the interpreter agree to the bit in ${count(same)} of ${count(values.length)} values: sums may be added in another order, and products fused.`;
}
