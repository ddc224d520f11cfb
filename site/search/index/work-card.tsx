import { device } from "../../shell/device/device.ts";
import { count, counted, duration, fileSize, percent } from "../../shell/format.ts";
import { advanceWords } from "../../shell/model/meter-words.ts";
import { choiceOf, nameOf, problemOf } from "../model/choice.ts";
import { cancelLoading } from "../model/load.ts";
import { shortName } from "../model/panel.tsx";
import { building, choice, chosenIsLoaded, index, isCurrent, model, passages, plan, searchable } from "../state.ts";
import { goOn, loadForIndex, makeIndex, stopIndexing } from "./make.ts";

/** The texts to search, and the next step. */
export function WorkCard() {
  const state = model.value;
  if (state.kind === "loading") {
    const { name, meter } = state;
    return (
      <section class="work" aria-label="Next step">
        <h2>Loading {shortName(name)}</h2>
        <progress value={meter.fraction} max={1} aria-label={`Loading ${shortName(name)}`} />
        <p class="row">
          <span class="small phase">{advanceWords(meter)}</span>
          <span class="space" />
          <button type="button" onClick={cancelLoading}>
            Cancel
          </button>
        </p>
      </section>
    );
  }
  return (
    <section class="work" aria-label="Next step">
      {building.value ? <Bar /> : index.value ? <Indexed /> : <Nothing />}
    </section>
  );
}

function Bar() {
  const { done, total, pace } = building.value ?? { done: 0, total: 1 };
  const words = `${count(done)} of ${counted(total, "passage")}`;
  return (
    <>
      <h2>Indexing</h2>
      <progress value={done} max={total} aria-label="Indexing" aria-valuetext={`${percent(done / total)}, ${words}`} />
      <p class="row">
        <span class="small phase" id="indexing">
          {words}
          {pace ? ` · ${count(pace.rate)} a second · ${duration(pace.left)} left` : ""}
        </span>
        <span class="space" />
        <button type="button" onClick={stopIndexing}>
          Stop
        </button>
      </p>
    </>
  );
}

/** The remaining download of the chosen model, for its button. */
function toDownload(): string {
  if (chosenIsLoaded.value || plan.value.kind !== "known") return "";
  const { bytes, kept } = plan.value.plan;
  return bytes > kept ? ` (${fileSize(bytes - kept)})` : "";
}

/** Why the texts cannot be indexed now. */
function whyNot(): string | undefined {
  if (device.value.kind === "opening") return "Opening the GPU…";
  if (device.value.kind !== "ready") return "Nothing can be indexed without a GPU; see below.";
  const problem = problemOf(choice.value);
  if (problem !== undefined) return problem || "Choose a model first.";
  if (!passages.value) return "Cutting the texts…";
  return passages.value.length === 0 ? "Add a text first." : undefined;
}

function MakeButton({ primary }: { primary: boolean }) {
  const why = whyNot();
  const of = passages.value && passages.value.length > 0 ? counted(passages.value.length, "passage") : "the texts";
  const loads = chosenIsLoaded.value
    ? ""
    : `Load ${shortName(nameOf(choice.value)) || "the model"}${toDownload()} and `;
  const words = `${loads}${loads ? "index" : "Index"} ${of}`;
  return (
    <>
      <button
        type="button"
        class={primary ? "primary" : ""}
        aria-disabled={why !== undefined}
        aria-describedby={why === undefined ? undefined : "why-not"}
        onClick={() => why === undefined && void makeIndex()}
      >
        {words}
      </button>
      {why !== undefined && (
        <span class="small muted" id="why-not">
          {why}
        </span>
      )}
    </>
  );
}

function Nothing() {
  return (
    <>
      <p>Below are recorded results from an example. To search yourself, in it or in your own texts, load the model:</p>
      <p class="row">
        <MakeButton primary />
      </p>
    </>
  );
}

function Indexed() {
  const now = index.value;
  if (!now) return null;
  const { passages: all, rest, shortened, kept, model: of, texts } = now;
  const ready = searchable.value;
  // The name of a reader's own folder cannot be loaded.
  const strange = nameOf(choice.value) === of ? problemOf(choice.value) : problemOf(choiceOf(of));
  const own = model.value.kind === "ready" && model.value.name === of;
  return (
    <>
      <p id="index-facts">
        <strong>{counted(all.length, "passage")}</strong> of{" "}
        {texts.length === 1 ? texts[0] : counted(texts.length, "text")}, indexed by {shortName(of)}.
        {rest.length > 0 && ` ${counted(rest.length, "passage")} ${rest.length === 1 ? "is" : "are"} not indexed yet.`}
        {shortened ? ` Of ${counted(shortened, "passage")} the model reads the beginning only.` : ""}
        <span class="muted"> {keptWords(kept)}</span>
      </p>
      <p class="row">
        {rest.length > 0 && (
          <button type="button" class={ready ? "" : "primary"} onClick={() => void goOn()}>
            Go on indexing
          </button>
        )}
        {!own && strange !== undefined && <span class="small">To search, pick the folder “{of}” under Model.</span>}
        {!own && device.value.kind === "ready" && strange === undefined && (
          <button type="button" class="primary" onClick={() => void loadForIndex()}>
            Load {shortName(of)}
            {nameOf(choice.value) === of ? toDownload() : ""} to search
          </button>
        )}
        {!isCurrent.value && <MakeButton primary={false} />}
      </p>
    </>
  );
}

const keptWords = (kept: true | string | undefined): string =>
  kept === true
    ? "Kept in this browser."
    : kept === undefined
      ? ""
      : `Not kept in this browser: ${kept}. It stays until you leave the page; export it to keep it.`;
