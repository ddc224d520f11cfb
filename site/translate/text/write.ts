import { batch } from "@preact/signals";
import { say } from "../../shell/status.ts";
import { loadModel } from "../model/load.ts";
import { failure, model, nothing, options, picked, run, text, writing } from "../state.ts";
import { client } from "../worker/client.ts";
import type { Written } from "../worker/protocol.ts";
import type { Run } from "./run.ts";

/** Milliseconds between two paintings in hidden pages, which have no frames. */
const hiddenPaint = 200;

/** Calls `paint` once for all updates before the next frame. */
function eachFrame(paint: () => void): () => void {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    const now = () => {
      waiting = false;
      paint();
    };
    if (document.hidden) setTimeout(now, hiddenPaint);
    else requestAnimationFrame(now);
  };
}

/** The run after a report. */
function withWritten(now: Run, came: Written): Run {
  switch (came.kind) {
    case "source":
      return { ...now, source: came.tokens, unknown: came.unknown, perHead: came.perHead };
    case "piece":
      return {
        ...now,
        written: now.written + came.text,
        ...(came.token && { target: [...now.target, came.token.text], rows: [...now.rows, came.token.row] }),
      };
  }
}

/** Writes a text from the reader's with the chosen model, which is loaded first if necessary. */
export async function writeNow(): Promise<void> {
  if (writing.value || text.value.trim() === "") return;
  writing.value = true;
  failure.value = undefined;
  try {
    if (!(await loadModel()) || model.value.kind !== "ready") return;
    const { name, facts } = model.value;
    const [given, before] = [text.value, run.value];
    let now: Run = {
      name,
      kind: "live",
      untrained: facts.untrained,
      layers: facts.layers,
      heads: facts.heads,
      perHead: true,
      text: given,
      written: "",
      source: [],
      target: [],
      rows: [],
      ended: undefined,
    };
    const show = () => {
      if (now.source.length > 0) run.value = now;
    };
    const paint = eachFrame(show);
    picked.value = nothing;
    say("Writing");
    try {
      const ended = await client.call(
        "write",
        { text: given, ...options.value },
        {
          onProgress: (came) => {
            now = withWritten(now, came);
            paint();
          },
        },
      );
      batch(() => {
        now = { ...now, ended };
        show();
        writing.value = false;
      });
      say(`Written: ${now.written.slice(0, 300)}`);
    } catch (error) {
      batch(() => {
        // A refused text leaves nothing; text written before a failure stays.
        if (now.target.length === 0) run.value = before;
        now = { ...now, source: [] }; // nothing more is painted
        failure.value = { during: "write", error };
      });
    }
  } finally {
    writing.value = false;
  }
}

/** Ends the text being written; the part so far stays. */
export function stopWriting(): void {
  if (!writing.value) return;
  say("Stopped");
  void client.call("stop", {}).catch(() => undefined); // an ended worker writes nothing either
}
