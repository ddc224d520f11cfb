import { useEffect, useRef, useState } from "preact/hooks";
import { digits, fileSize } from "../shell/format.ts";
import { Alternatives } from "../shell/tokens/token-details.tsx";
import { TokenStrip } from "../shell/tokens/token-strip.tsx";
import { type ShownToken, withAlternative } from "../shell/tokens/tokens.ts";
import { type Live, spokenWords } from "./live-state.ts";
import { usePlayer } from "./player.ts";
import { first, voices } from "./runs.ts";

/** Bytes of the bundled model's files. */
declare const VOICES_DENSE_BYTES: number;

/** The model at work: a recorded run and, on a click, the model itself, continuing the visitor's words. */
export function Show() {
  const [voice, setVoice] = useState(voices[0]);
  const [run, setRun] = useState(first);
  const [own, setOwn] = useState<readonly ShownToken[]>();
  const [words, setWords] = useState(voices[0]?.words ?? "");
  const [live, setLive] = useState<Live>({ kind: "none" });
  const [chosen, setChosen] = useState<number>();
  const [loaded, setLoaded] = useState(false);
  const stopper = useRef<AbortController>(undefined);
  const player = usePlayer(run);
  const tokens = own ?? player.shown;
  const latest = tokens.findLast(({ generated }) => generated);
  const busy = live.kind === "loading" || live.kind === "writing";
  useEffect(() => () => stopper.current?.abort(), []);

  const choose = async (name: string) => {
    const next = voices.find((other) => other.name === name);
    if (!next || busy) return;
    setVoice(next);
    setWords(next.words);
    setChosen(undefined);
    setRun(await next.tokens());
    setOwn(undefined);
    setLive({ kind: "none" });
  };
  const goOn = async (start: string | readonly ShownToken[]) => {
    const controller = new AbortController();
    stopper.current = controller;
    setChosen(undefined);
    setLive(loaded ? { kind: "writing" } : { kind: "loading", says: "Opening your GPU…" });
    try {
      const { continueFrom } = await import("./live.ts");
      const ended = await continueFrom(start, {
        signal: controller.signal,
        onLoad: ({ done, total }) =>
          setLive({ kind: "loading", says: `Loading ${fileSize(done)} of ${fileSize(total)}` }),
        onText: (written) => {
          setLoaded(true);
          setLive({ kind: "writing" });
          setOwn(written);
        },
      });
      const says = `Written on ${ended.device}, ${digits(ended.tokensPerSecond)} tokens a second.`;
      setLive({ kind: "done", says });
    } catch (error) {
      if (controller.signal.aborted) setLive({ kind: "none" });
      else {
        const why = error instanceof Error ? error.message : String(error);
        setLive({ kind: "failed", says: why });
      }
    }
  };
  return (
    <>
      <p class="row show-voices">
        {voices.map(({ name }) => (
          <button
            key={name}
            type="button"
            class="chip"
            aria-pressed={name === voice?.name}
            aria-disabled={busy}
            title={busy ? "Stop first" : undefined}
            onClick={() => void choose(name)}
          >
            {name}
          </button>
        ))}
        <span class="small muted">
          {own ? "Live, on your device" : "Recorded from the bundled model, 5 million weights"}
        </span>
        {!own && (
          <button type="button" onClick={player.press}>
            {{ playing: "Pause", paused: "Play", ended: "Play again" }[player.state]}
          </button>
        )}
      </p>
      <div class="show-panes">
        <TokenStrip
          tokens={tokens}
          chosen={chosen}
          onChoose={setChosen}
          onContinue={own && !busy ? (index, other) => void goOn(withAlternative(own, index, other)) : undefined}
        />
        <div class="show-next">
          <h2>{latest ? "The last choice" : "The first choice comes"}</h2>
          {latest && <Alternatives token={latest} most={6} />}
        </div>
      </div>
      <form
        class="show-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (busy) stopper.current?.abort();
          else void goOn(`${voice?.mark ?? ""}${words}`);
        }}
      >
        <label class="field">
          Your own words
          <input value={words} maxLength={400} onInput={({ currentTarget }) => setWords(currentTarget.value)} />
        </label>
        <button type="submit" class="primary">
          {busy ? "Stop" : `Continue on my GPU${loaded ? "" : ` · loads ${fileSize(VOICES_DENSE_BYTES)}`}`}
        </button>
      </form>
      <p
        class={`small ${live.kind === "failed" ? "problem" : "muted"} show-says`}
        role={live.kind === "failed" ? "alert" : undefined}
      >
        {live.kind === "none"
          ? "The model's files come from this site. Your words stay on this device."
          : live.kind === "writing"
            ? "Writing…"
            : live.says}
      </p>
      <div class="hidden-text" role="status">
        {spokenWords(live)}
      </div>
    </>
  );
}
