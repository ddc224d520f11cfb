import { useEffect } from "preact/hooks";
import { count, counted, digits } from "../../shell/format.ts";
import { say } from "../../shell/status.ts";
import { found, index, marks, picked, query, searchable, shownHits } from "../state.ts";
import { type RecordedHit, recorded } from "./recorded.ts";
import { markShown } from "./search.ts";

/** Milliseconds without a change before results are announced. */
const settled = 1000;
/** Passages added at a time. */
const more = 10;

/** The passages nearest to the query. */
export function Results() {
  const now = index.value;
  return (
    <section id="results" class="results" tabIndex={-1} aria-label="Results">
      {now ? <Live /> : <Recorded />}
    </section>
  );
}

function Recorded() {
  const words = query.value.trim();
  const one = words === "" ? recorded[0] : recorded.find((run) => run.query === words);
  if (!one) {
    return (
      <p class="muted" id="not-recorded">
        There is no recorded answer to “{words}”. It is answered here once the texts are indexed.
      </p>
    );
  }
  return (
    <>
      <h2>“{one.query}”</h2>
      <p class="small muted">
        Recorded: the amendments to the Constitution of the United States, searched by USE-lite.
      </p>
      <ol>
        {one.hits.map((hit) => (
          <Passage key={hit.sentences.join(" ")} {...hit} name="Amendments" />
        ))}
      </ol>
    </>
  );
}

function Live() {
  const [now, result] = [index.value, found.value];
  const announced = result
    ? `${counted(Math.min(shownHits.value, result.hits.length), "passage")} for ${result.query}`
    : "";
  useEffect(() => {
    if (announced === "") return;
    const timer = setTimeout(() => say(announced), settled);
    return () => clearTimeout(timer);
  }, [announced]);
  if (!now) return null;
  if (!result) {
    const hint = searchable.value ? "Type a query above, or choose one." : "";
    return hint === "" ? null : <p class="muted">{hint}</p>;
  }
  const shown = result.hits.slice(0, shownHits.value);
  return (
    <>
      <h2>“{result.query}”</h2>
      <p class="small muted" id="timing">
        The nearest of {counted(now.passages.length, "passage")} in {digits(result.embedMs + result.rankMs)} ms:{" "}
        {digits(result.embedMs)} for the query's vector, {digits(result.rankMs)} for products and selection, by the wall
        clock of one query
      </p>
      <ol>
        {shown.map(({ passage, cosine }) => {
          const { sentences, text } = now.passages[passage] ?? { sentences: [], text: 0 };
          const sentence = marks.value.get(passage)?.sentence;
          return (
            <Passage
              key={passage}
              sentences={sentences}
              cosine={cosine}
              sentence={sentence}
              name={now.texts[text] ?? ""}
              pick={() => {
                picked.value = passage;
                document.querySelector(".map")?.scrollIntoView({ block: "start" });
              }}
            />
          );
        })}
      </ol>
      {result.hits.length > shown.length && (
        <button
          type="button"
          onClick={() => {
            shownHits.value += more;
            void markShown();
          }}
        >
          Show {count(Math.min(more, result.hits.length - shown.length))} more
        </button>
      )}
    </>
  );
}

interface PassageProps extends Omit<RecordedHit, "sentence"> {
  /** Which sentence matched; undefined while it is being found. */
  readonly sentence: number | undefined;
  readonly name: string;
  readonly pick?: () => void;
}

/** A passage with the sentence that matched. */
function Passage({ sentences, sentence, cosine, name, pick }: PassageProps) {
  return (
    <li>
      <p class="passage">
        {sentences.map((words, i) => (
          <span key={i}>
            {i === sentence ? <mark>{words}</mark> : words}
            {i < sentences.length - 1 ? " " : ""}
          </span>
        ))}
      </p>
      <p class="small muted from">
        {name} · cosine {cosine.toFixed(3)}
        {pick && (
          <button type="button" class="small" onClick={pick}>
            Show on the map
          </button>
        )}
      </p>
    </li>
  );
}
