import { Component, type ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Unit } from "./tokens.ts";

/** Units per block: text near the screen is decorated block by block. */
const size = 64;

/** Draws the units of a text in blocks: those near the screen by `draw`, the others as plain text of the same width. */
export function Blocks({
  units,
  draw,
  marked,
}: {
  units: readonly Unit[];
  draw: (unit: Unit) => ComponentChildren;
  /** Further dependencies of a unit's drawing, by token index: its block is redrawn when they change. */
  marked: readonly (number | undefined)[];
}) {
  const blocks: Unit[][] = [];
  for (let at = 0; at < units.length; at += size) blocks.push(units.slice(at, at + size));
  return (
    <>
      {blocks.map((block, i) => {
        const [from, to] = [block[0]?.start ?? 0, blocks[i + 1]?.[0]?.start ?? Number.POSITIVE_INFINITY];
        const within = marked.map((at) => (at !== undefined && at >= from && at < to ? at : undefined));
        return <Block key={from} units={block} draw={draw} marked={within} />;
      })}
    </>
  );
}

interface BlockProps {
  readonly units: readonly Unit[];
  readonly draw: (unit: Unit) => ComponentChildren;
  readonly marked: readonly (number | undefined)[];
}

/** Redraws only if units or marks change: a text of thousands of tokens grows by its last block. */
class Block extends Component<BlockProps> {
  override shouldComponentUpdate({ units, marked }: BlockProps): boolean {
    const { units: old, marked: was } = this.props;
    const same = (at: number) => units.at(at)?.tokens.at(-1) === old.at(at)?.tokens.at(-1);
    return units.length !== old.length || !same(0) || !same(-1) || marked.some((mark, i) => mark !== was[i]);
  }

  override render({ units, draw, marked }: BlockProps): ComponentChildren {
    return (
      <Near keep={marked.some((mark) => mark !== undefined)} text={units.map(({ text }) => text).join("")}>
        {() => units.map(draw)}
      </Near>
    );
  }
}

/** Its children while it is near the screen or contains a mark; else the plain text. */
function Near({ keep, text, children }: { keep: boolean; text: string; children: () => ComponentChildren }) {
  const holder = useRef<HTMLSpanElement>(null);
  const [near, setNear] = useState(false);
  useEffect(() => {
    if (!holder.current) return;
    const seen = new IntersectionObserver((entries) => setNear(entries.some(({ isIntersecting }) => isIntersecting)), {
      rootMargin: "300px",
    });
    seen.observe(holder.current);
    return () => seen.disconnect();
  }, []);
  return <span ref={holder}>{near || keep ? children() : text}</span>;
}
