import { count } from "../../shell/format.ts";
import { shown, shownStep } from "../state.ts";

/** Chooses the step whose answers and attention are shown; at its end they follow the run. */
export function StepSlider() {
  const { looks } = shown.value.history;
  const last = looks.length - 1;
  if (last < 1) return null;
  const at = shownStep.value;
  const index =
    at === undefined
      ? last
      : Math.max(
          0,
          looks.findLastIndex(({ step }) => step <= at),
        );
  return (
    <label class="field slider step-slider">
      <span>Step</span>
      <input
        type="range"
        min={0}
        max={last}
        step={1}
        value={index}
        aria-valuetext={`step ${looks[index]?.step}`}
        onInput={({ currentTarget: { value } }) => {
          const chosen = Number(value);
          shownStep.value = chosen >= last ? undefined : looks[chosen]?.step;
        }}
      />
      <output>{count(looks[index]?.step ?? 0)}</output>
    </label>
  );
}
