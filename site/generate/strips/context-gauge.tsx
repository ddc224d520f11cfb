import { count } from "../../shell/format.ts";

/** How much of the context is used; from 75 % and 90 % on it explains what happens at the end. */
export function ContextGauge({ used, size }: { used: number; size: number }) {
  const full = size > 0 ? Math.min(1, used / size) : 0;
  const state = full >= 1 ? "full" : full >= 0.9 ? "nearly" : full >= 0.75 ? "mostly" : "room";
  const words = {
    room: "",
    mostly: `room for ${count(size - used)} more`,
    nearly: `room for ${count(size - used)} more, then it stops; nothing is cut`,
    full: "full: it has stopped, nothing was cut",
  }[state];
  return (
    <span class={`gauge ${state}`}>
      {/* biome-ignore lint/a11y/useSemanticElements: browsers draw <meter> each in their own colours */}
      <span
        class="gauge-bar"
        role="meter"
        aria-label="Context"
        aria-valuemin={0}
        aria-valuemax={size}
        aria-valuenow={Math.min(used, size)}
        aria-valuetext={`${count(used)} of ${count(size)} tokens${words && `, ${words}`}`}
      >
        <span class="gauge-fill" style={{ width: `${100 * full}%` }} />
      </span>
      <span class="small">
        {count(used)} / {count(size)} tokens{words && ` · ${words}`}
      </span>
    </span>
  );
}
