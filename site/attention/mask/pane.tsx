import { useEffect, useMemo, useState } from "preact/hooks";
import { drawn, painted } from "../state.ts";
import { paintedName, withBlock } from "./painted.ts";
import { TilePainter } from "./painter.tsx";
import { type MaskPicture, pictureOf } from "./tiles.ts";
import { type Brush, MaskView } from "./view.tsx";

/** Queries and keys of a tile in flash at a head width of 64. */
const tile = 64;

/** The last chosen mask, drawn, with tools to paint one. */
export function MaskPane() {
  const what = drawn.value;
  const [picture, setPicture] = useState<MaskPicture>();
  const mask = useMemo(() => what?.mask.reference({ b: 1, h: 1, t: what.t, s: what.s }), [what]);
  const keep = useMemo(() => (query: number, key: number) => mask?.(0, 0, query, key) ?? false, [mask]);
  const tiles = what?.mask.text === paintedName ? painted.value : undefined;
  const size = tiles?.size ?? tile;
  useEffect(() => {
    if (!what || !mask) return;
    const stale = new AbortController();
    const { t, s } = what;
    const ranged = mask.keyRange;
    const range = (first: number, last: number): [number, number] =>
      ranged ? [ranged(first)[0], ranged(last)[1]] : [0, s];
    // Painted blocks are aligned to absolute positions, a kernel's tiles to the first query.
    const origin = tiles ? -((s - t) % size) : 0;
    const question = { t, s, rows: size, columns: size, origin, keep, range, mapped: !ranged };
    pictureOf(question, stale.signal).then(setPicture, () => undefined); // superseded by a newer one
    return () => stale.abort();
  }, [what, mask, keep, tiles, size]);
  const brush = useMemo((): Brush | undefined => {
    if (!what || !tiles) return undefined;
    const firstRow = Math.floor((what.s - what.t) / size);
    return {
      isOn: ([row, column]) => {
        const [r, now] = [row + firstRow, painted.value ?? tiles];
        return r < now.blocks && column < now.blocks && now.on[r * now.blocks + column] === 1;
      },
      set: ([row, column], on) => {
        painted.value = withBlock(painted.value ?? tiles, row + firstRow, column, on);
      },
    };
  }, [what, tiles, size]);
  if (!what) return <p class="muted">The mask is drawn here for batches of up to 4 million pairs.</p>;
  return (
    <section aria-label="Mask">
      <h2>
        {what.mask.text}, {what.t} queries, {what.s} keys
      </h2>
      <MaskView picture={picture} keep={keep} brush={brush} />
      <TilePainter keep={keep} shape={what} />
    </section>
  );
}
