import { percent } from "../../shell/format.ts";
import { advanceWords } from "../../shell/model/meter-words.ts";
import { cancelLoading, loading } from "./loading.ts";

/** The progress of the bundled model's load, with its phase, and the button that ends it. */
export function LoadingBar() {
  const meter = loading.value;
  if (!meter) return null;
  const words = advanceWords(meter);
  return (
    <>
      <progress
        value={meter.fraction}
        max={1}
        aria-label="Loading the bundled model"
        aria-valuetext={`${percent(meter.fraction)}, ${words}`}
      />
      <p class="row" id="loading">
        <span class="small">Loading the bundled model: {words}</span>
        <button type="button" onClick={cancelLoading}>
          Cancel
        </button>
      </p>
    </>
  );
}
