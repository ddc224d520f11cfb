import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { rungOf, shownName } from "../kernels/rungs.ts";
import { ownKernel } from "../own/given.ts";
import { fetchOther } from "../session/session.ts";
import { Diff } from "../source/diff.tsx";
import { headOf } from "../source/lines.ts";
import * as state from "../state.ts";
import { piecesOf } from "../terms/in-text.ts";
import { Term } from "../terms/term.tsx";
import { Claims } from "./claims.tsx";
import { SpeedHere } from "./speed.tsx";

/** Whether the changes since the rung before are shown. */
const comparing = signal(false);

/** What the kernel computes, in its file's words, and its place in a ladder. */
export function KernelHead() {
  const { kernel, edits } = state.study.value;
  const isOwn = kernel === ownKernel;
  const own = isOwn ? state.files.value[0] : state.prepared.value?.files[0];
  const { formula, about } = headOf(own?.name === kernel ? own.text : "");
  const place = rungOf(kernel);
  const nextLadder = place?.nextLadder;
  const firstOfNext = nextLadder?.rungs[0]?.kernel;
  const section = useRef<HTMLElement>(null);
  const shownKernel = useRef(kernel);
  useLayoutEffect(() => {
    // Lists of kernels are longer than a window: who chose far down in one sees the kernel from its top.
    if (shownKernel.current !== kernel) section.current?.scrollIntoView();
    shownKernel.current = kernel;
  }, [kernel]);
  return (
    <section aria-label="The kernel" class="kernel-head" ref={section}>
      <h2 id="kernel-name">
        {isOwn ? "" : <Term name="kernel" />} {shownName(kernel)}
      </h2>
      {place && (
        <p>
          <strong>
            <Term name="ladder">{place.ladder.name}</Term>, {place.index + 1} of {place.ladder.rungs.length}:
          </strong>{" "}
          <WithTerms text={`${place.rung.idea}.`} />
        </p>
      )}
      {formula !== "" && (
        <p class="formula">
          <WithTerms text={formula} />
        </p>
      )}
      {about !== "" && (
        <details>
          <summary>How it works, in its file’s words</summary>
          <p class="about small">
            <WithTerms text={about} />
          </p>
        </details>
      )}
      {Object.keys(edits).length > 0 && !isOwn && (
        <p class="notice" id="changed">
          Changed: what runs is your text of {Object.keys(edits).join(", ")}. The link holds it.{" "}
          <button
            type="button"
            onClick={() => {
              state.planted.value = undefined;
              state.choose({ edits: {} });
            }}
          >
            Take all changes back
          </button>
        </p>
      )}
      {place && <Claims rung={place.rung} than={place.than} />}
      {place && <SpeedHere />}
      <p class="row">
        {place?.before && <Go to={place.before} words={`← ${shownName(place.before)}`} />}
        {place?.after && <Go to={place.after} words={`Next: ${shownName(place.after)} →`} />}
        {nextLadder && firstOfNext && <Go to={firstOfNext} words={`Next ladder: ${nextLadder.name} →`} />}
        {place?.than && (
          <button
            type="button"
            aria-expanded={comparing.value}
            onClick={() => {
              comparing.value = !comparing.value;
            }}
          >
            {comparing.value ? "Hide the changes" : `What changes since ${shownName(place.than)}`}
          </button>
        )}
      </p>
      {place?.than && comparing.value && <Changes kernel={kernel} before={place.than} />}
    </section>
  );
}

/** A text whose terms say what they mean. */
function WithTerms({ text }: { text: string }) {
  return (
    <>
      {piecesOf(text).map(({ text: piece, term }) =>
        term ? (
          <Term key={term} name={term}>
            {piece}
          </Term>
        ) : (
          piece
        ),
      )}
    </>
  );
}

function Go({ to, words }: { to: string; words: string }) {
  return (
    <button type="button" onClick={() => state.chooseKernel(to)}>
      {words}
    </button>
  );
}

/** The lines that differ between two rungs' own files, as they are in the repository. */
function Changes({ kernel, before }: { kernel: string; before: string }) {
  const [now, earlier] = [state.others.value.get(kernel), state.others.value.get(before)];
  useEffect(() => {
    for (const name of [kernel, before]) if (!state.others.peek().has(name)) fetchOther(name);
  }, [kernel, before]);
  if (!now || !earlier) return <p class="small">fetching…</p>;
  return <Diff label={`Changes of ${kernel} since ${before}`} before={earlier.text} after={now.text} />;
}
