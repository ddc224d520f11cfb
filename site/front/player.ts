import { useEffect, useState } from "preact/hooks";
import type { ShownToken } from "../shell/tokens/tokens.ts";

/** Milliseconds from one token to the next. */
const pace = 110;

/** A recorded run being played. */
export interface Player {
  readonly shown: readonly ShownToken[];
  readonly state: "playing" | "paused" | "ended";
  /** Plays, pauses, or restarts at the end. */
  readonly press: () => void;
}

/**
 * Plays a run token by token while the page is visible. For visitors who prefer reduced motion the whole run is shown
 * at once, until they play it.
 */
export function usePlayer(tokens: readonly ShownToken[]): Player {
  const given = tokens.findIndex(({ generated }) => generated);
  const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const [length, setLength] = useState(given);
  const [playing, setPlaying] = useState(true);
  useEffect(() => {
    setLength(still() ? tokens.length : given);
    setPlaying(!still());
  }, [tokens, given]);
  const ended = length >= tokens.length;
  useEffect(() => {
    if (!playing || ended) return;
    const timer = setInterval(() => {
      if (!document.hidden) setLength((now) => now + 1);
    }, pace);
    return () => clearInterval(timer);
  }, [playing, ended]);
  return {
    shown: tokens.slice(0, length),
    state: ended ? "ended" : playing ? "playing" : "paused",
    press: () => {
      if (ended) setLength(given);
      setPlaying(ended || !playing);
    },
  };
}
