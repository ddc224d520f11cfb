import { useState } from "preact/hooks";
import { visible } from "../../../src/text/token-text.ts";
import { TableFrame } from "../../shell/controls/table-frame.tsx";
import { type GivenWeights, type HeadChoice, HeadPicker, headWords } from "../../shell/tokens/head-picker.tsx";
import { type ShownToken, share } from "../../shell/tokens/tokens.ts";
import { strongest } from "./head-weights.ts";

interface AttentionStripProps {
  readonly tokens: readonly ShownToken[];
  /** Index of the token whose attention it is. */
  readonly position: number;
  /** By position, from 0 to `position`; undefined while they are computed. */
  readonly weights: ArrayLike<number> | undefined;
  readonly layers: number;
  readonly heads: number;
  /** The weight of each head at a position, if known. */
  readonly weightIn?: ((layer: number, head: number, position: number) => number) | undefined;
  readonly choice: HeadChoice;
  readonly onPick: (choice: HeadChoice) => void;
  /** Called with the position under the pointer, or undefined. */
  readonly onPoint?: ((position: number | undefined) => void) | undefined;
  /** Position marked by another strip. */
  readonly lit?: number | undefined;
}

/** The attention weights of one token over itself and those before it, with layer and head to choose. */
export function AttentionStrip(props: AttentionStripProps) {
  const { tokens, position, weights, layers, heads, weightIn, choice, onPick, onPoint, lit } = props;
  const [withoutFirst, setWithoutFirst] = useState(false);
  const word = visible(tokens[position]?.alone ?? "");
  const leaves = withoutFirst && position > 0;
  const to = lit !== undefined && lit <= position ? lit : strongest(weights ?? [], leaves ? 1 : 0);
  const given: GivenWeights | undefined = weightIn && {
    to: `position ${to}, ${visible(tokens[to]?.alone ?? "")}`,
    by: (layer, head) => weightIn(layer, head, to),
  };
  return (
    <section class="attention-strip" aria-label="Attention">
      <div class="attention-words">
        <p class="small">
          What <code>{word}</code> mixes: <strong>{headWords(choice)}</strong>. Weights of the mix, not reasons.
        </p>
        {weights ? (
          <Bars tokens={tokens} weights={weights} lit={lit} onPoint={onPoint} withoutFirst={leaves} />
        ) : (
          <p class="small muted attention-waits">Computing the weights…</p>
        )}
        <label class="small check">
          <input
            type="checkbox"
            checked={withoutFirst}
            onChange={({ currentTarget }) => setWithoutFirst(currentTarget.checked)}
          />
          Leave the first token out of the scale
        </label>
        <WeightTable tokens={tokens} weights={weights ?? []} />
      </div>
      <HeadPicker layers={layers} heads={heads} choice={choice} onPick={onPick} given={given} />
    </section>
  );
}

type BarsProps = Pick<AttentionStripProps, "tokens" | "lit" | "onPoint"> & {
  readonly weights: ArrayLike<number>;
  readonly withoutFirst: boolean;
};

/** Bars by position; a slider for the keyboard, which announces the position, its token and its weight. */
function Bars({ tokens, weights, withoutFirst, lit, onPoint }: BarsProps) {
  const [pointed, setPointed] = useState<number>();
  const [cursor, setCursor] = useState(weights.length - 1);
  const at = Math.min(cursor, weights.length - 1);
  const highest = Math.max(1e-9, ...Array.from(weights).slice(withoutFirst ? 1 : 0));
  const shown = pointed ?? lit;
  const marked = shown !== undefined && shown < weights.length ? shown : undefined;
  const point = (position: number | undefined) => {
    setPointed(position);
    onPoint?.(position);
  };
  const height = (position: number) => Math.min(1, (weights[position] ?? 0) / highest);
  const path = Array.from(weights, (_, i) => `M${i + 0.08} 1V${1 - height(i)}h.84V1z`).join("");
  const words = (position: number) =>
    `position ${position}, ${visible(tokens[position]?.alone ?? "")}, ${share(weights[position] ?? 0)}`;
  const positionOf = ({ currentTarget, clientX }: PointerEvent) => {
    const { left, width } = (currentTarget as Element).getBoundingClientRect();
    return Math.max(0, Math.min(weights.length - 1, Math.floor(((clientX - left) / width) * weights.length)));
  };
  const move = (event: KeyboardEvent) => {
    const to: Readonly<Record<string, number>> = {
      ArrowLeft: at - 1,
      ArrowDown: at - 1,
      ArrowRight: at + 1,
      ArrowUp: at + 1,
      PageDown: at - 10,
      PageUp: at + 10,
      Home: 0,
      End: weights.length - 1,
    };
    const next = to[event.key];
    if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const position = Math.max(0, Math.min(weights.length - 1, next));
    setCursor(position);
    point(position);
  };
  return (
    <>
      <div
        class="attention-bars"
        role="slider"
        tabIndex={0}
        aria-label="Position"
        aria-valuemin={0}
        aria-valuemax={weights.length - 1}
        aria-valuenow={at}
        aria-valuetext={words(at)}
        onKeyDown={move}
        onFocus={() => point(at)}
        onBlur={() => point(undefined)}
        onPointerMove={(event) => point(positionOf(event))}
        onPointerDown={(event) => setCursor(positionOf(event))}
        onPointerLeave={() => point(undefined)}
      >
        <svg viewBox={`0 0 ${weights.length} 1`} preserveAspectRatio="none" aria-hidden="true">
          <path d={path} />
          {marked !== undefined && <rect x={marked} y="0" width="1" height="1" class="marked" />}
        </svg>
        {withoutFirst && (
          <span class="beyond" aria-hidden="true">
            ↑
          </span>
        )}
      </div>
      <p class="small muted attention-says">
        {marked === undefined
          ? `${weights.length === 1 ? "Only the first position" : `Positions 0 to ${weights.length - 1}`}, highest bar ${share(highest)}${withoutFirst ? `, the first token has ${share(weights[0] ?? 0)}` : ""}`
          : words(marked)}
      </p>
    </>
  );
}

/** Maximum rows of the table. */
const most = 32;

function WeightTable({ tokens, weights }: { tokens: readonly ShownToken[]; weights: ArrayLike<number> }) {
  const [open, setOpen] = useState(false);
  const order = open ? Array.from(weights, (_, i) => i).sort((p, q) => (weights[q] ?? 0) - (weights[p] ?? 0)) : [];
  const rest = order.slice(most).reduce((sum, i) => sum + (weights[i] ?? 0), 0);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary class="small">Weights as a table</summary>
      {open && (
        <TableFrame label="Table of weights">
          <table>
            <thead>
              <tr>
                <th scope="col" class="number">
                  position
                </th>
                <th scope="col">token</th>
                <th scope="col" class="number">
                  weight
                </th>
              </tr>
            </thead>
            <tbody>
              {order.slice(0, most).map((i) => (
                <tr key={i}>
                  <td class="number">{i}</td>
                  <td>
                    <code>{visible(tokens[i]?.alone ?? "")}</code>
                  </td>
                  <td class="number">{share(weights[i] ?? 0)}</td>
                </tr>
              ))}
              {order.length > most && (
                <tr>
                  <td class="number">{order.length - most} more</td>
                  <td />
                  <td class="number">{share(rest)}</td>
                </tr>
              )}
            </tbody>
          </table>
        </TableFrame>
      )}
    </details>
  );
}
