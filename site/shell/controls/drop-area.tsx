import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

/** A drop target, highlighted while something is dragged over it; as a panel of its own where `panel` is set. */
export function DropArea({
  label,
  panel = false,
  onDropped,
  children,
}: {
  label: string;
  panel?: boolean;
  onDropped: (data: DataTransfer) => void;
  children: ComponentChildren;
}) {
  const [over, setOver] = useState(false);
  return (
    <section
      class={`${panel ? "panel " : ""}drop ${over ? "over" : ""}`}
      aria-label={label}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (event.dataTransfer) onDropped(event.dataTransfer);
      }}
    >
      {children}
    </section>
  );
}
