import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type TermName, terms } from "./terms.ts";

interface TermProps {
  readonly name?: TermName | undefined;
  /** What the tip says in addition, or instead. */
  readonly more?: string | undefined;
  readonly children?: ComponentChildren;
}

/** A word of the field where it first appears: pressed or pointed at, it says what it means. */
export function Term({ name, more = "", children }: TermProps) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const place = useRef<HTMLSpanElement>(null);
  const tip = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (!open) return;
    const close = (event: Event) => {
      if (event instanceof KeyboardEvent ? event.key === "Escape" : !place.current?.contains(event.target as Node))
        setOpen(false);
    };
    const events = ["keydown", "pointerdown", "scroll"] as const;
    for (const event of events) document.addEventListener(event, close, true);
    return () => {
      for (const event of events) document.removeEventListener(event, close, true);
    };
  }, [open]);
  useLayoutEffect(() => {
    const [word, box] = [place.current?.getBoundingClientRect(), tip.current];
    if (!open || !word || !box) return;
    // At the word, but inside the window: frames that scroll would cut it off.
    const left = Math.max(8, Math.min(word.left, document.documentElement.clientWidth - box.offsetWidth - 8));
    const below = word.bottom + 4;
    const top = below + box.offsetHeight < innerHeight ? below : word.top - box.offsetHeight - 4;
    Object.assign(box.style, { left: `${left}px`, top: `${Math.max(8, top)}px` });
  }, [open]);
  return (
    <span class="term-place" ref={place} onPointerLeave={() => setOpen(false)}>
      <button
        type="button"
        class="term"
        aria-expanded={open}
        aria-controls={id}
        onClick={({ detail }) => setOpen(detail > 0 || !open)} // a click after the pointer has opened it keeps it open
        onPointerEnter={({ pointerType }) => pointerType === "mouse" && setOpen(true)}
      >
        {children ?? name}
      </button>
      <span class="tip" id={id} role="note" hidden={!open} ref={tip}>
        {name && terms[name]} {more}
      </span>
    </span>
  );
}
