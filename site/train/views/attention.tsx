import { useEffect, useRef, useState } from "preact/hooks";
import { visible } from "../../../src/text/token-text.ts";
import { HeadPicker, headWords } from "../../generate/strips/head-picker.tsx";
import { share } from "../../generate/strips/tokens.ts";
import { count } from "../../shell/format.ts";
import { TableFrame } from "../../shell/table-frame.tsx";
import { colourOf, theme } from "../../shell/theme.ts";
import { bases } from "../setup/settings.ts";
import { head, shown } from "../state.ts";
import { taskOf } from "../tasks/tasks.ts";
import type { Attention } from "../worker/history.ts";
import { useWidth } from "./figure.tsx";
import { drawWeights, heatSize, weightsOf } from "./heat.ts";
import { attentionAt } from "./shown-step.ts";
import { StepSlider } from "./step-slider.tsx";

/** What each token of a sample attends to, by layer, head and step. */
export function AttentionView() {
  const { history, settings, facts } = shown.value;
  const now = attentionAt(history);
  if (!now) return null;
  // Before a kept run is opened its settings say them; the bundled model has its own.
  const { layers, heads } = facts ?? (taskOf(settings.task).adapts ? bases[settings.base] : settings);
  return (
    <section class="panel attention" aria-label="Attention">
      <h2>What it attends to</h2>
      <p class="small">
        The first sample at step {count(now.step)}: <strong>{headWords(head.value)}</strong>. Each row is a token, and
        shows from which of those before it takes what it needs to say the next. Weights of the mix, not reasons.
      </p>
      <StepSlider />
      <div class="attention-place">
        <Grid now={now} layers={layers} heads={heads} />
        <HeadPicker
          {...{ layers, heads, choice: head.value }}
          onPick={(choice) => {
            head.value = choice;
          }}
        />
      </div>
    </section>
  );
}

/** Most tokens on a side of a table. */
const mostInTable = 40;

function Grid({ now, layers, heads }: { now: Attention; layers: number; heads: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const [cell, setCell] = useState<readonly [row: number, column: number]>();
  const [open, setOpen] = useState(false);
  // The space after a word is not worth its room.
  const tokens = now.tokens.map((token) => visible(token).replace(/(?<=.)␣$/, ""));
  const t = tokens.length;
  const weights = weightsOf(now.weights, { layers, heads, tokens: t }, head.value);
  const shade = theme.value;
  const size = heatSize(useWidth(frame), tokens);
  useEffect(() => {
    const element = canvas.current;
    if (element) drawWeights(element, size, weights, tokens, cell, colourOf(element));
  }, [now, head.value, shade, cell, size.side, size.margin]);
  const words = ([row, column]: readonly [number, number]) =>
    `position ${row}, “${tokens[row]}”, attends to position ${column}, “${tokens[column]}”: ${share(weights[row * t + column] ?? 0)}`;
  const move = (event: KeyboardEvent) => {
    const [row, column] = cell ?? [t - 1, t - 1];
    const to: Readonly<Record<string, readonly [number, number]>> = {
      ArrowUp: [row - 1, Math.min(column, row - 1)],
      ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      Home: [row, 0],
      End: [row, row],
    };
    const next = to[event.key];
    if (!next || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const r = Math.max(0, Math.min(t - 1, next[0]));
    setCell([r, Math.max(0, Math.min(r, next[1]))]);
  };
  const point = ({ currentTarget, clientX, clientY }: PointerEvent) => {
    const { left, top } = (currentTarget as Element).getBoundingClientRect();
    const at = (offset: number) => Math.floor((offset - size.margin) / size.side);
    const [row, column] = [at(clientY - top), at(clientX - left)];
    setCell(row >= 0 && row < t && column >= 0 && column <= row ? [row, column] : undefined);
  };
  return (
    <div class="attention-grid" ref={frame}>
      <canvas
        id="attention-grid"
        ref={canvas}
        role="img"
        tabIndex={0}
        aria-label={`Attention of ${t} tokens, ${headWords(head.value)}, at step ${now.step}; the arrow keys walk it, and a table has the numbers`}
        onKeyDown={move}
        onFocus={() => setCell((old) => old ?? [t - 1, t - 1])}
        onBlur={() => setCell(undefined)}
        onPointerMove={point}
        onPointerLeave={() => setCell(undefined)}
      />
      <p class="small muted" id="cell-says" aria-live="polite">
        {cell ? words(cell) : "Without colour is nothing, full colour all of the mix."}
      </p>
      <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>The weights as a table</summary>
        {open &&
          (t > mostInTable ? (
            <p class="small">{t} tokens are too many for a table: walk the picture by keys.</p>
          ) : (
            <TableFrame label="Weights of attention">
              <table>
                <thead>
                  <tr>
                    <th scope="col">from, to</th>
                    {tokens.map((token, column) => (
                      <th key={column} scope="col" class="number">
                        {column} <code>{token}</code>
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {tokens.map((token, row) => (
                    <tr key={row}>
                      <th scope="row">
                        {row} <code>{token}</code>
                      </th>
                      {tokens.map((_, column) => (
                        <td key={column} class="number">
                          {column <= row ? share(weights[row * t + column] ?? 0) : ""}
                        </td>
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
            </TableFrame>
          ))}
      </details>
    </div>
  );
}
