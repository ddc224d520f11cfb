import { visible } from "../../../src/text/token-text.ts";
import { count, counted, digits } from "../../shell/format.ts";
import { grid, nothing, picked, shown, writing } from "../state.ts";
import type { Run } from "../text/run.ts";
import { isMove, pointerLeaves } from "./pointer.ts";
import { columnOf } from "./weights.ts";
import { pickedWords } from "./words.ts";

/** Both texts as their tokens: the one that has the focus shades those of the other that belong to it. */
export function Texts() {
  const now = shown.value;
  if (!now) return null;
  const { row, column } = picked.value;
  const rows = grid.value;
  const ofSource = row === undefined ? undefined : rows[row];
  const ofTarget = column === undefined || row !== undefined ? undefined : columnOf(rows, column);
  return (
    <section class="texts" aria-label="Both texts">
      <h2>{headingOf(now)}</h2>
      <p class="written" id="written">
        {now.written}
        {isBeingWritten(now) && <span class="caret" aria-hidden="true" />}
      </p>
      <p class="small muted" id="run-facts">
        {factsOf(now)}
      </p>
      <Tokens kind="row" name="Written tokens" tokens={now.target} weights={ofTarget} />
      <Tokens kind="column" name="Tokens of the source" tokens={now.source} weights={ofSource} />
    </section>
  );
}

const isBeingWritten = ({ kind, ended }: Run): boolean => writing.value && kind === "live" && !ended;

function headingOf(now: Run): string {
  if (now.kind === "recorded") return "Recorded";
  return isBeingWritten(now) ? "Writing" : "Written";
}

function factsOf({ kind, name, untrained, text, source, target, ended }: Run): string {
  if (kind === "recorded") {
    return `Recorded earlier, not on this device: what the bundled model wrote from “${text}”. Your own text's comes in its place.`;
  }
  const model = untrained ? `${name}, random weights` : name;
  const lengths = `${model} · ${counted(source.length, "token")} of source, ${count(target.length)} written`;
  if (!ended) return lengths;
  const { stopReason, score, tokensPerSecond } = ended;
  const reasons: Readonly<Record<string, string>> = {
    eos: "ended by itself",
    length: "cut at the most tokens",
    context: "cut at the model's longest text",
    stop: "ended by itself",
    stopped: "stopped",
  };
  return [
    lengths,
    ...(tokensPerSecond > 0 ? [`${digits(tokensPerSecond)} tokens a second, the grid included`] : []),
    ...(score === undefined ? [] : [`score ${score.toPrecision(4)}`]),
    reasons[stopReason] ?? stopReason,
  ].join(" · ");
}

interface TokensProps {
  readonly kind: "row" | "column";
  readonly name: string;
  readonly tokens: readonly string[];
  /** How much each belongs to what is picked in the other text. */
  readonly weights: ArrayLike<number> | undefined;
}

/** Tokens as buttons of which one is reached by Tab, the others by the arrow keys. */
function Tokens({ kind, name, tokens, weights }: TokensProps) {
  const at = picked.value[kind];
  const most = Math.max(1e-9, ...Array.from(weights ?? []));
  const pick = (i: number) => {
    picked.value = { ...nothing, [kind]: i };
  };
  const leave = () => {
    picked.value = nothing;
  };
  const move = (event: KeyboardEvent) => {
    const { target, currentTarget, key } = event;
    const i = Number((target as HTMLElement).dataset["token"]);
    const to = { ArrowLeft: i - 1, ArrowRight: i + 1, Home: 0, End: tokens.length - 1 }[key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    (currentTarget as HTMLElement).querySelector<HTMLElement>(`[data-token="${to}"]`)?.focus();
  };
  const words = (i: number) =>
    shown.value && i === at
      ? pickedWords(shown.value, grid.value, { ...nothing, [kind]: i })
      : visible(tokens[i] ?? "");
  return (
    <fieldset class="tokens" onKeyDown={move}>
      <legend class="small muted">{name}</legend>
      {tokens.map((token, i) => {
        const weight = (weights?.[i] ?? 0) / most;
        return (
          <button
            key={i}
            type="button"
            data-token={i}
            tabIndex={i === (at ?? 0) ? 0 : -1}
            class={`aligned ${i === at ? "picked" : ""} ${weights && weight >= 0.5 ? "strong" : ""}`}
            style={weights ? { "--weight": weight.toFixed(2) } : undefined}
            aria-label={words(i)}
            onPointerMove={(event) => isMove(event) && pick(i)}
            onPointerLeave={pointerLeaves}
            onFocus={() => pick(i)}
            onBlur={leave}
          >
            {visible(token)}
          </button>
        );
      })}
    </fieldset>
  );
}
