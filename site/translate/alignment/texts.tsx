import { count, counted, digits } from "../../shell/format.ts";
import { grid, picked, shown, writing } from "../state.ts";
import type { Run } from "../text/run.ts";
import { unknownSays } from "../text/unknown.ts";
import { Tokens } from "./tokens.tsx";
import { columnOf } from "./weights.ts";

/** Both texts as tokens: the focused one shades its counterparts in the other text. */
export function Texts() {
  const now = shown.value;
  if (!now) return null;
  const { row, column } = picked.value;
  const rows = grid.value;
  const ofSource = row === undefined ? undefined : rows[row];
  const ofTarget = column === undefined || row !== undefined ? undefined : columnOf(rows, column);
  const unknown = unknownSays(now);
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
      {unknown !== undefined && (
        <p class="small" id="unknown-words">
          {unknown}
        </p>
      )}
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
