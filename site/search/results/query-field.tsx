import { loadForIndex } from "../index/make.ts";
import { nameOf } from "../model/choice.ts";
import { choice, index, model, plan, query, searchable, texts } from "../state.ts";
import { examples } from "../text/examples.ts";
import { recorded } from "./recorded.ts";
import { searchNow } from "./search.ts";

/** The query field, with answers as the reader types, and example queries. */
export function QueryField() {
  // A model that needs no download is loaded with the first query.
  const here = plan.value.kind === "known" && plan.value.plan.kept >= plan.value.plan.bytes;
  const waits = index.value && !searchable.value && nameOf(choice.value) === index.value.model && here;
  const ask = (words: string) => {
    query.value = words;
    if (waits && model.value.kind === "none") void loadForIndex();
    else searchNow();
  };
  const example = examples.find(({ name }) => name === texts.value.example);
  const offered = index.value ? (example?.queries ?? []) : recorded.map((one) => one.query);
  return (
    <search class="query">
      <label class="field">
        <span>Query: a question, or words in any form</span>
        <input
          id="query"
          type="search"
          autocomplete="off"
          placeholder={offered[0] ?? "what are you looking for?"}
          aria-describedby="query-hint"
          value={query.value}
          onInput={({ currentTarget: { value } }) => ask(value)}
        />
      </label>
      <p class="small muted" id="query-hint">
        {searchable.value
          ? "Answers come as you type."
          : index.value
            ? waits
              ? "Answers come as you type; the model is loaded from this browser's storage when you begin."
              : "Answers come as you type, once the model of this index is loaded."
            : "Recorded answers for the queries below; your own are answered once texts are indexed."}
      </p>
      {offered.length > 0 && (
        <fieldset class="row" aria-label="Queries to try">
          {offered.map((words) => (
            <button
              key={words}
              type="button"
              class="chip"
              aria-pressed={words === query.value}
              onClick={() => ask(words)}
            >
              {words}
            </button>
          ))}
        </fieldset>
      )}
    </search>
  );
}
