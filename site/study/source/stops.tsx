import { pickedWord, toggleStop } from "../session/actions.ts";
import * as state from "../state.ts";

/** What stops a run at any line. */
export function StopsAnywhere() {
  const { stopsAnywhere } = state;
  const { faults, nans, write } = stopsAnywhere.value;
  const word = write ?? pickedWord();
  const set = (change: Partial<state.StopsAnywhere>) => {
    stopsAnywhere.value = { ...stopsAnywhere.value, ...change };
  };
  return (
    <fieldset class="stops-anywhere small" id="stops-anywhere">
      <legend>A run also stops</legend>
      <label>
        <input type="checkbox" checked={faults} onChange={() => set({ faults: !faults })} />
        at a race or an access out of bounds
      </label>
      <label>
        <input type="checkbox" checked={nans} onChange={() => set({ nans: !nans })} />
        where a NaN is made of numbers
      </label>
      {word && (
        <label>
          <input
            type="checkbox"
            checked={write !== undefined}
            onChange={() => set({ write: write ? undefined : word })}
          />
          <span>
            where word {word.word} of <code>{word.memory}</code> is written
          </span>
        </label>
      )}
    </fieldset>
  );
}

/** The lines where a run stops, each with the condition that a thread has to meet. */
export function Stops() {
  const stops = state.stops.value;
  if (stops.length === 0) return null;
  const setCondition = (stop: state.StopLine, text: string) => {
    const condition = text.trim() === "" ? undefined : text.trim();
    state.stops.value = stops.map((one) => (one === stop ? { ...stop, condition } : one));
  };
  return (
    <ul class="stops small" aria-label="Stops">
      {stops.map((stop) => (
        <li key={`${stop.file} ${stop.line}`} class="row">
          <span>
            {stop.file}, line {stop.line}
          </span>
          <label>
            if, for any thread,{" "}
            <input
              value={stop.condition ?? ""}
              placeholder="always"
              spellcheck={false}
              onChange={({ currentTarget }) => setCondition(stop, currentTarget.value)}
            />
          </label>
          <button
            type="button"
            aria-label={`Remove the stop at line ${stop.line}`}
            onClick={() => toggleStop(stop.file, stop.line)}
          >
            ×
          </button>
        </li>
      ))}
    </ul>
  );
}
