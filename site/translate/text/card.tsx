import { device } from "../../shell/device/device.ts";
import { fileSize } from "../../shell/format.ts";
import { advanceWords } from "../../shell/model/meter-words.ts";
import { bundled, nameOf, problemOf } from "../model/choice.ts";
import { cancelLoading } from "../model/load.ts";
import { choice, chosenIsLoaded, model, plan, text, writing } from "../state.ts";
import { optionProblem } from "./options.ts";
import { stopWriting, writeNow } from "./write.ts";

/** The reader's text, and the button that translates it. */
export function TextCard() {
  return (
    <section class="work" aria-label="Your text">
      <label class="field">
        <span>Your text</span>
        <textarea
          id="source"
          rows={2}
          value={text.value}
          onInput={({ currentTarget: { value } }) => {
            text.value = value;
          }}
        />
      </label>
      {choice.value.kind === "bundled" && (
        <fieldset class="row" aria-label="Texts to try">
          {bundled.examples.map((words) => (
            <button
              key={words}
              type="button"
              class="chip"
              aria-pressed={words === text.value}
              onClick={() => {
                text.value = words;
              }}
            >
              {words}
            </button>
          ))}
        </fieldset>
      )}
      {choice.value.kind === "bundled" && (
        <p class="small muted" id="bundled-facts">
          The bundled model was trained for this project, to write dates as 2021-03-03 and nothing else.
        </p>
      )}
      {model.value.kind === "loading" ? <Loading /> : <Buttons />}
    </section>
  );
}

function Loading() {
  const state = model.value;
  if (state.kind !== "loading") return null;
  const { name, meter } = state;
  return (
    <>
      <progress value={meter.fraction} max={1} aria-label={`Loading ${name}`} />
      <p class="row">
        <span class="small phase">
          Loading {name}: {advanceWords(meter)}
        </span>
        <span class="space" />
        <button type="button" onClick={cancelLoading}>
          Cancel
        </button>
      </p>
    </>
  );
}

/** Why writing is not possible now. */
function whyNot(): string | undefined {
  if (device.value.kind === "opening") return "Opening the GPU…";
  if (device.value.kind !== "ready") return "Nothing can be written without a GPU; see below.";
  const problem = problemOf(choice.value);
  if (problem !== undefined) return problem || "Choose a model first.";
  if (text.value.trim() === "") return "The text is empty: write one, or choose an example.";
  return optionProblem();
}

function Buttons() {
  const why = whyNot();
  const { bytes, kept } = plan.value.kind === "known" ? plan.value.plan : { bytes: 0, kept: 0 };
  const size = bytes > kept ? ` (${fileSize(bytes - kept)})` : "";
  const words = chosenIsLoaded.value ? "Translate" : `Load ${nameOf(choice.value) || "the model"}${size} and translate`;
  return (
    <p class="row">
      {writing.value ? (
        <button type="button" class="primary" onClick={stopWriting}>
          Stop
        </button>
      ) : (
        <button
          type="button"
          class="primary"
          aria-disabled={why !== undefined}
          aria-describedby={why === undefined ? undefined : "why-not"}
          onClick={() => why === undefined && void writeNow()}
        >
          {words}
        </button>
      )}
      {!writing.value && why !== undefined && (
        <span class="small muted" id="why-not">
          {why}
        </span>
      )}
    </p>
  );
}
