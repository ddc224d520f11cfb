import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { copy } from "../status.ts";

/** A button that copies a text, and shows the outcome for two seconds. */
export function CopyButton({
  what,
  text,
  html,
  children,
}: {
  what: string;
  text: () => string | Promise<string>;
  html?: (() => string) | undefined;
  children: ComponentChildren;
}) {
  const [outcome, setOutcome] = useState<string>();
  useEffect(() => {
    if (outcome === undefined) return;
    const timer = setTimeout(() => setOutcome(undefined), 2000);
    return () => clearTimeout(timer);
  }, [outcome]);
  const press = async () => setOutcome((await copy(what, await text(), html?.())) ? "✓ Copied" : "✗ Not copied");
  return (
    <button type="button" onClick={() => void press()}>
      {outcome ?? children}
    </button>
  );
}
