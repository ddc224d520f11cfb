import type { ComponentChildren } from "preact";

/** A frame in which a table scrolls, reachable by keyboard. */
export function TableFrame({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section class="frame" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
