import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

/** A drop target, highlighted while something is dragged over it. */
export function DropArea({
  label,
  onDropped,
  children,
}: {
  label: string;
  onDropped: (data: DataTransfer) => void;
  children: ComponentChildren;
}) {
  const [over, setOver] = useState(false);
  return (
    <section
      class={`drop ${over ? "over" : ""}`}
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
