import { useEffect, useRef, useState } from "preact/hooks";

/** Within this many pixels of the end, scrolling down resumes following. */
const near = 100;

/** How far below the reader's view the end of the text is, in pixels; the composer covers the end of the window. */
function below(): number {
  const end = document.querySelector("#text-end")?.getBoundingClientRect().bottom ?? 0;
  return end - (document.querySelector(".composer")?.getBoundingClientRect().top ?? innerHeight);
}

const atEnd = () => below() <= near;

/**
 * Keeps the end of a growing text in view until the reader scrolls up; scrolling to the end, or `toEnd`, resumes it.
 * `grown` changes with the text while it grows.
 */
export function useFollow(grown: unknown, growing: boolean): { readonly away: boolean; readonly toEnd: () => void } {
  const pinned = useRef(true);
  const [away, setAway] = useState(false);
  useEffect(() => {
    const release = () => {
      pinned.current = false;
    };
    let lastY = scrollY;
    const seen = () => {
      const down = scrollY > lastY;
      lastY = scrollY;
      if (!pinned.current && down && atEnd() && !selecting()) pinned.current = true;
      setAway(!pinned.current && !atEnd());
    };
    const onWheel = ({ deltaY }: WheelEvent) => deltaY < 0 && release();
    let touch = 0;
    const onTouch = ({ touches }: TouchEvent) => {
      touch = touches[0]?.clientY ?? 0;
    };
    const onDrag = ({ touches }: TouchEvent) => (touches[0]?.clientY ?? 0) > touch && release();
    const onKey = ({ key }: KeyboardEvent) => /^(PageUp|Home|ArrowUp)$/.test(key) && release();
    const selecting = () => !(getSelection()?.isCollapsed ?? true);
    const onSelect = () => selecting() && !isField(document.activeElement) && release();
    const passive = { passive: true } as const;
    addEventListener("wheel", onWheel, passive);
    addEventListener("touchstart", onTouch, passive);
    addEventListener("touchmove", onDrag, passive);
    addEventListener("keydown", onKey);
    addEventListener("scroll", seen, passive);
    document.addEventListener("selectionchange", onSelect);
    return () => {
      removeEventListener("wheel", onWheel);
      removeEventListener("touchstart", onTouch);
      removeEventListener("touchmove", onDrag);
      removeEventListener("keydown", onKey);
      removeEventListener("scroll", seen);
      document.removeEventListener("selectionchange", onSelect);
    };
  }, []);
  const toEnd = () => {
    pinned.current = true;
    scrollBy({ top: below(), behavior: "instant" });
    setAway(false);
  };
  useEffect(() => {
    if (!growing) return;
    if (!pinned.current) setAway(!atEnd());
    else if (below() > 0) scrollBy({ top: below(), behavior: "instant" });
  }, [grown, growing]);
  return { away, toEnd };
}

const isField = (element: Element | null) =>
  element instanceof HTMLTextAreaElement || element instanceof HTMLInputElement;
