import type { Draw } from "./figure.tsx";

/** A point with its name. */
export interface Point {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

/** Pairs of points in a plane, or single ones, those of a pair joined: circles are the first of a pair, squares the second. */
export const pairChart =
  (pairs: readonly (readonly Point[])[]): Draw =>
  (Plot, { width, colour }) => {
    const joined = pairs.flatMap(([from, to]) => (from && to ? [{ from, to }] : []));
    const side = (i: number) => pairs.flatMap((pair) => pair[i] ?? []);
    const small = width < 500;
    return Plot.plot({
      width,
      height: small ? 420 : 480,
      margin: 24,
      marginRight: small ? 48 : 72,
      inset: 8,
      style: {
        background: "transparent",
        color: colour("--text"),
        fontSize: small ? "11px" : "13px",
        overflow: "visible",
      },
      x: { axis: null },
      y: { axis: null },
      marks: [
        Plot.link(joined, {
          x1: ({ from }) => from.x,
          y1: ({ from }) => from.y,
          x2: ({ to }) => to.x,
          y2: ({ to }) => to.y,
          stroke: colour("--border"),
        }),
        Plot.dot(side(0), { x: "x", y: "y", fill: colour("--series-1"), r: 3 }),
        Plot.dot(side(1), { x: "x", y: "y", fill: colour("--series-2"), r: 3, symbol: "square" }),
        Plot.text(pairs.flat(), {
          x: "x",
          y: "y",
          text: "name",
          dx: 6,
          textAnchor: "start" as const,
          fill: colour("--text"),
        }),
      ],
    });
  };
