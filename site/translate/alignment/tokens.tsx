import { Component, type ComponentChildren } from "preact";
import { visible } from "../../../src/text/token-text.ts";
import { grid, nothing, picked, shown } from "../state.ts";
import { isMove, pointerLeaves } from "./pointer.ts";
import { pickedWords } from "./words.ts";

/** Tokens per block, which is redrawn only if it changes. */
const size = 64;

interface TokensProps {
  readonly kind: "row" | "column";
  readonly name: string;
  readonly tokens: readonly string[];
  /** The weight of each for the token picked in the other text. */
  readonly weights: ArrayLike<number> | undefined;
}

/** The token of an event. */
function tokenOf({ target }: Event): number | undefined {
  const token = (target as Element).closest<HTMLElement>("[data-token]")?.dataset["token"];
  return token === undefined ? undefined : Number(token);
}

/** Tokens as buttons: one is reached by Tab, the others by arrow keys. */
export function Tokens({ kind, name, tokens, weights }: TokensProps) {
  const at = picked.value[kind];
  const most = Math.max(1e-9, ...Array.from(weights ?? []));
  const pick = (event: Event) => {
    const token = tokenOf(event);
    const { row, column } = picked.value;
    const isPicked = kind === "row" ? row === token && column === undefined : column === token && row === undefined;
    if (token !== undefined && !isPicked) picked.value = { ...nothing, [kind]: token };
  };
  const leave = () => {
    picked.value = nothing;
  };
  const move = (event: KeyboardEvent) => {
    const { currentTarget, key } = event;
    const i = tokenOf(event) ?? 0;
    const to = { ArrowLeft: i - 1, ArrowRight: i + 1, Home: 0, End: tokens.length - 1 }[key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    (currentTarget as HTMLElement).querySelector<HTMLElement>(`[data-token="${to}"]`)?.focus();
  };
  const words =
    shown.value && at !== undefined ? pickedWords(shown.value, grid.value, { ...nothing, [kind]: at }) : undefined;
  const blocks = Array.from({ length: Math.ceil(tokens.length / size) }, (_, block) => block * size);
  const within = (index: number, from: number) => (index >= from && index < from + size ? index : undefined);
  return (
    <fieldset class="tokens" onKeyDown={move}>
      <legend class="small muted">{name}</legend>
      <div
        class="token-rows"
        onPointerMove={(event) => isMove(event) && pick(event)}
        onPointerLeave={pointerLeaves}
        onFocusIn={pick}
        onFocusOut={leave}
      >
        {blocks.map((from) => (
          <Block
            key={from}
            from={from}
            tokens={tokens.slice(from, from + size)}
            weights={weights}
            most={most}
            at={at === undefined ? undefined : within(at, from)}
            tab={within(at ?? 0, from)}
            words={at !== undefined && within(at, from) === at ? words : undefined}
          />
        ))}
      </div>
    </fieldset>
  );
}

interface BlockProps extends Pick<TokensProps, "tokens" | "weights"> {
  /** Index of its first token. */
  readonly from: number;
  /** The full weight. */
  readonly most: number;
  /** The picked token, and the one that Tab reaches, if they are in it. */
  readonly at: number | undefined;
  readonly tab: number | undefined;
  /** The name of the picked one. */
  readonly words: string | undefined;
}

class Block extends Component<BlockProps> {
  override shouldComponentUpdate({ tokens, ...next }: BlockProps): boolean {
    const { tokens: before, ...last } = this.props;
    const names = ["weights", "most", "at", "tab", "words"] as const;
    return (
      names.some((name) => next[name] !== last[name]) ||
      tokens.length !== before.length ||
      tokens.some((token, i) => token !== before[i])
    );
  }

  override render({ from, tokens, weights, most, at, tab, words }: BlockProps): ComponentChildren {
    return tokens.map((token, index) => {
      const i = from + index;
      const weight = (weights?.[i] ?? 0) / most;
      return (
        <button
          key={i}
          type="button"
          data-token={i}
          tabIndex={i === tab ? 0 : -1}
          class={`aligned ${i === at ? "picked" : ""} ${weights && weight >= 0.5 ? "strong" : ""}`}
          style={weights ? { "--weight": weight.toFixed(2) } : undefined}
          aria-label={i === at ? words : undefined}
        >
          {visible(token)}
        </button>
      );
    });
  }
}
