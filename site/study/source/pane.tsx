import { computed } from "@preact/signals";
import { WgslEditor } from "../../shell/code/wgsl-editor.tsx";
import { CopyButton } from "../../shell/controls/copy-button.tsx";
import { download } from "../../shell/status.ts";
import { refusal } from "../gpu/state.ts";
import { toggleStop } from "../session/actions.ts";
import * as state from "../state.ts";
import { Term } from "../terms/term.tsx";
import { namesIn } from "./lines.ts";
import { type LineMark, Listing } from "./listing.tsx";
import { marksOf } from "./marks.ts";
import { Stops, StopsAnywhere } from "./stops.tsx";

/** Where the looked-at subgroup stands. */
const here = computed(() => {
  const { where, strand } = state.frame.value ?? {};
  const own = where?.strands[strand ?? 0];
  return own && { ...own, at: state.placeOf(own.place.line) };
});

/** The file that is shown. */
const current = computed(() => {
  const all = state.files.value;
  const wanted = state.shownFile.value ?? (state.problem.value?.place ?? here.value?.at)?.file;
  return all.find(({ name }) => name === wanted) ?? all[0];
});
const text = computed(() => current.value?.text ?? "");
const problems = computed(() => {
  const { message = "", place } = state.problem.value ?? {};
  return place && place.file === current.value?.name ? [{ line: place.line, message }] : [];
});

/** The kernel's text, to read and to change. */
export function SourcePane() {
  const file = current.value;
  const editing = state.editing.value;
  if (!file) return <section class="source">fetching the kernel…</section>;
  const isChanged = file.name in state.study.value.edits;
  return (
    <section class="source" aria-label="Text of the kernel" id="source" tabIndex={-1}>
      <div class="row source-bar">
        <label class="small">
          File{" "}
          <select
            value={file.name}
            onChange={({ currentTarget }) => {
              state.shownFile.value = currentTarget.value;
            }}
          >
            {state.files.value.map(({ name }, i) => (
              <option key={name} value={name}>
                {name}
                {i === 0 ? "" : " (part)"}
                {name in state.study.value.edits ? " · changed" : ""}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          onClick={() => {
            state.editing.value = !editing;
            state.shownFile.value = editing ? undefined : file.name; // what is typed stays where it is
          }}
        >
          {editing ? "Read" : "Edit"}
        </button>
        {isChanged && (
          <button type="button" onClick={() => state.edit(file.name, undefined)}>
            Take changes back
          </button>
        )}
        <CopyButton what="Text" text={() => file.text}>
          Copy
        </CopyButton>
        <button type="button" onClick={() => download(`${file.name.replaceAll("/", "-")}.wgsl`, file.text)}>
          Download
        </button>
      </div>
      {state.problem.value && !state.problem.value.isOfBuffers && (
        <p class="problem" role="alert" id="text-problem">
          {state.problem.value.place && `${state.problem.value.place.file}, line ${state.problem.value.place.line}: `}
          {state.problem.value.message}
        </p>
      )}
      {refusal.value.map(({ line, message }) => (
        <p class="problem" role="alert" key={`${line} ${message}`}>
          The browser’s compiler refuses what the interpreter takes
          {state.placeOf(line) && `, in line ${state.placeOf(line)?.line} of ${state.placeOf(line)?.file}`}: {message}
        </p>
      ))}
      {editing ? (
        <WgslEditor
          key={file.name}
          label={`Text of ${file.name}`}
          text={text}
          problems={problems.value}
          names={() => namesIn(state.joined.value.code)}
          onChange={(changed) => state.edit(file.name, changed)}
        />
      ) : (
        <Reading name={file.name} />
      )}
    </section>
  );
}

/** Notes what the reader points at in the shown file. */
function pick(text: string, line: number): void {
  state.picked.value = { text, file: current.value?.name ?? "", line };
}

function Reading({ name }: { name: string }) {
  const at = here.value;
  const calls = (at?.calls.slice(1) ?? []).map(({ place }) => state.placeOf(place.line));
  const linesIn = (places: readonly ({ readonly file: string; readonly line: number } | undefined)[]) =>
    places.flatMap((place) => (place?.file === name ? [place.line] : []));
  const marks: ReadonlyMap<number, readonly LineMark[]> = marksOf(name);
  return (
    <>
      <Listing
        file={name}
        text={text.value}
        here={linesIn([at?.at])[0]}
        callers={linesIn(calls)}
        stops={linesIn(state.stops.value)}
        marks={marks}
        onStop={({ file, line }) => toggleStop(file, line)}
        onPick={pick}
      />
      <Stops />
      <StopsAnywhere />
      {state.files.value.length > 1 && (
        <p class="small muted">
          The text runs joined with its <Term name="part">parts</Term>, which the list of files has.
        </p>
      )}
      <p class="small muted">
        {state.picked.value
          ? `“${state.picked.value.text}” in line ${state.picked.value.line}: w watches it, F9 stops there.`
          : "Press a line’s number to stop there, or a name to watch it."}
      </p>
    </>
  );
}
