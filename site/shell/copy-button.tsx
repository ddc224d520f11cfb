import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { copy } from "./status.ts";

/** A button that copies a text, and says so in its own place for two seconds. */
export function CopyButton({
  what,
  text,
  html,
  children,
}: {
  what: string;
  text: () => string;
  html?: (() => string) | undefined;
  children: ComponentChildren;
}) {
  const [told, setTold] = useState<string>();
  useEffect(() => {
    if (told === undefined) return;
    const timer = setTimeout(() => setTold(undefined), 2000);
    return () => clearTimeout(timer);
  }, [told]);
  const press = async () => setTold((await copy(what, text(), html?.())) ? "✓ Copied" : "✗ Not copied");
  return (
    <button type="button" onClick={() => void press()}>
      {told ?? children}
    </button>
  );
}
