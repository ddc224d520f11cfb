import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { TokenLogprob } from "../../../src/generate/session/row.ts";
import { visible } from "../../../src/text/token-text.ts";
import { Blocks } from "./blocks.tsx";
import type { Drawing } from "./drawn.ts";
import { TokenDetails } from "./token-details.tsx";
import { TokenSpan } from "./token-span.tsx";
import { TokenTable } from "./token-table.tsx";
import { type ShownToken, steps, type Unit, unitsOf } from "./tokens.ts";

interface TokenStripProps {
  readonly tokens: readonly ShownToken[];
  /** Index of the token shown in other strips. */
  readonly chosen?: number | undefined;
  readonly onChoose: (index: number | undefined) => void;
  /** How tokens were drawn, if available. */
  readonly drawing?: Drawing | undefined;
  /** Continues with another token in place of token `index`; unset: not offered. */
  readonly onContinue?: ((index: number, token: TokenLogprob) => void) | undefined;
  /** Index of the token marked by another strip. */
  readonly lit?: number | undefined;
}

/**
 * A text by its tokens, each with its probability in five steps. Hovered, focused or tapped, a token shows its rank and
 * the alternatives; arrow keys move from one to the next.
 */
export function TokenStrip({ tokens, chosen, onChoose, drawing, onContinue, lit }: TokenStripProps) {
  const frame = useRef<HTMLDivElement>(null);
  const details = useRef<HTMLFieldSetElement>(null);
  const units = useMemo(() => unitsOf(tokens), [tokens]);
  const [hovered, setHovered] = useState<number>();
  const [open, setOpen] = useState(false);
  const focusOn = useRef<number>(undefined);
  const closing = useRef(false);
  const leaving = useRef<ReturnType<typeof setTimeout>>(undefined);
  const unitAt = (index: number | undefined) =>
    index === undefined ? undefined : units.findLast(({ start }) => start <= index);
  const picked = unitAt(chosen);
  const shown = unitAt(hovered) ?? (open ? picked : undefined);
  usePlace(frame, details, shown);

  const choose = (unit: Unit | undefined) => {
    if (!unit) return;
    onChoose(unit.start);
    setOpen(true);
    focusOn.current = unit.start;
  };
  useLayoutEffect(() => {
    if (focusOn.current === undefined) return;
    const span = frame.current?.querySelector<HTMLElement>(`[data-unit="${focusOn.current}"]`);
    if (!span) return; // its block is drawn next
    focusOn.current = undefined;
    span.focus({ preventScroll: span === document.activeElement });
  });
  useEffect(() => () => clearTimeout(leaving.current), []);

  const leave = () => {
    leaving.current = setTimeout(() => setHovered(undefined), 300);
  };
  const close = (event: Event) => {
    event.stopPropagation(); // Escape has no other meaning here
    setOpen(false);
    setHovered(undefined);
    if (!details.current?.contains(document.activeElement)) return;
    closing.current = true; // the focus returns to the token without reopening it
    focusOn.current = shown?.start;
  };
  const walk = (event: KeyboardEvent) => {
    const from = startOf(event.target);
    if (event.key === "Escape" && shown) close(event);
    if (from === undefined) return;
    const at = units.findIndex(({ start }) => start === from);
    const to: Readonly<Record<string, () => Unit | undefined>> = {
      ArrowRight: () => units[at + 1],
      ArrowLeft: () => units[at - 1],
      Home: () => units[0],
      End: () => units.at(-1),
      ArrowDown: () => unitAt(onLine(frame.current, event.target as HTMLElement, 1)),
      ArrowUp: () => unitAt(onLine(frame.current, event.target as HTMLElement, -1)),
      Enter: () => units[at],
      " ": () => units[at],
    };
    const next = to[event.key];
    if (!next || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    setHovered(undefined);
    choose(next());
  };

  const draw = (unit: Unit) => (
    <TokenSpan
      key={unit.start}
      unit={unit}
      chosen={unit === picked}
      lit={lit !== undefined && unitAt(lit) === unit}
      entry={unit === (picked ?? units[0])}
      expanded={unit === shown}
    />
  );
  return (
    <section
      class="token-strip"
      aria-label="Tokens and their probabilities"
      ref={frame}
      onPointerOver={({ target, pointerType }) => {
        if (pointerType !== "mouse") return;
        clearTimeout(leaving.current);
        const start = startOf(target);
        if (start !== undefined) setHovered(start);
        else if (!(target as Element).closest(".token-details")) leave();
      }}
      onPointerLeave={leave}
    >
      <fieldset
        class="token-text"
        aria-label="Tokens"
        onKeyDown={walk}
        onClick={({ target }) => choose(unitAt(startOf(target)))}
        onFocusIn={({ target }) => {
          const start = startOf(target);
          const closed = closing.current;
          closing.current = false;
          if (start === undefined || (start === picked?.start && open)) return;
          onChoose(start);
          setOpen(!closed);
        }}
      >
        <Blocks
          units={units}
          draw={draw}
          marked={[picked?.start, unitAt(lit)?.start, shown?.start, picked ? undefined : 0]}
        />
      </fieldset>
      {shown && (
        <fieldset
          class="token-details"
          ref={details}
          popover="manual"
          aria-label={`Token ${visible(shown.text)}`}
          onKeyDown={(event) => event.key === "Escape" && close(event)}
        >
          <TokenDetails unit={shown} drawing={drawing} onContinue={onContinue} />
          <button type="button" onClick={close}>
            Close
          </button>
        </fieldset>
      )}
      <Legend />
      <TokenTable units={units} />
    </section>
  );
}

const startOf = (target: EventTarget | null): number | undefined => {
  const found = target instanceof Element ? target.closest<HTMLElement>("[data-unit]")?.dataset["unit"] : undefined;
  return found === undefined ? undefined : Number(found);
};

/** The token on the next line up or down whose middle is nearest. */
function onLine(frame: HTMLElement | null, from: HTMLElement, way: 1 | -1): number | undefined {
  const span = from.closest("[data-unit]");
  if (!frame || !span) return undefined;
  const middle = ({ left, right }: DOMRect) => (left + right) / 2;
  const box = span.getClientRects()[0] ?? span.getBoundingClientRect();
  let best: { readonly unit: number; readonly line: number; readonly off: number } | undefined;
  for (const other of frame.querySelectorAll<HTMLElement>("[data-unit]")) {
    const there = other.getClientRects()[0];
    if (!there) continue;
    const line = way * (there.top - box.top);
    if (line < box.height / 2) continue;
    const found = { unit: Number(other.dataset["unit"]), line, off: Math.abs(middle(there) - middle(box)) };
    const nearer = !best || line < best.line - 4 || (line < best.line + 4 && found.off < best.off);
    if (nearer) best = found;
  }
  return best?.unit;
}

/** Space between the details, their token and the edges of the window, in pixels. */
const gap = [4, 8] as const;

/** Stores an element while it exists. */
interface Holder {
  readonly current: HTMLElement | null;
}

/** Shows the details of a unit on top of everything: below its first line, or above it if there is more room. */
function usePlace(frame: Holder, details: Holder, unit: Unit | undefined): void {
  const start = unit?.start;
  useLayoutEffect(() => {
    const panel = details.current;
    if (start === undefined || !panel) return;
    const put = () => {
      const box = frame.current?.querySelector(`[data-unit="${start}"]`)?.getClientRects()[0];
      if (!box) return;
      const { width, height } = panel.getBoundingClientRect();
      const [right, bottom] = [innerWidth - width - gap[1], innerHeight - height - gap[1]];
      const [above, below] = [box.top - height - gap[0], box.bottom + gap[0]];
      panel.style.left = `${Math.max(gap[1], Math.min(box.left, right))}px`;
      panel.style.top = `${below <= bottom || above < gap[1] ? Math.max(gap[1], Math.min(below, bottom)) : above}px`;
    };
    // In the top layer no frame cuts it off.
    if ("showPopover" in panel && !panel.matches(":popover-open")) panel.showPopover();
    put();
    addEventListener("scroll", put, { capture: true, passive: true });
    addEventListener("resize", put);
    return () => {
      removeEventListener("scroll", put, { capture: true });
      removeEventListener("resize", put);
    };
  }, [frame, details, start]);
}

function Legend() {
  return (
    <p class="token-legend small muted">
      Probability:{" "}
      {steps.map((words, i) => (
        <span key={words} class={`token p${i + 1}`}>
          {words}
        </span>
      ))}
      <span class="token p0">given</span>
    </p>
  );
}
