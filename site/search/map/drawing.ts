/** From the plane to pixels of the canvas. */
export type Projection = (x: number, y: number) => readonly [left: number, top: number];

/** Room at the edges, in CSS pixels. */
const margin = 20;

/** The projection that shows all points, with the same scale on both axes. */
export function projectionOf(points: Float32Array, width: number, height: number): Projection {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [points[i] ?? 0, points[i + 1] ?? 0];
    [left, right, low, high] = [Math.min(left, x), Math.max(right, x), Math.min(low, y), Math.max(high, y)];
  }
  const [w, h] = [right - left || 1, high - low || 1];
  const scale = Math.min((width - 2 * margin) / w, (height - 2 * margin) / h);
  const [x0, y0] = [(width - scale * w) / 2, (height - scale * h) / 2];
  return (x, y) => [x0 + scale * (x - left), height - y0 - scale * (y - low)];
}

type Colours = (name: string) => string;

/** A cleared canvas at its size on the page, for drawing in CSS pixels; undefined if it has no size. */
function cleared(canvas: HTMLCanvasElement): CanvasRenderingContext2D | undefined {
  const ratio = devicePixelRatio || 1;
  const { clientWidth, clientHeight } = canvas;
  Object.assign(canvas, {
    width: Math.max(1, Math.round(clientWidth * ratio)),
    height: Math.max(1, Math.round(clientHeight * ratio)),
  });
  const context = canvas.getContext("2d");
  if (!context || clientWidth === 0) return undefined;
  context.scale(ratio, ratio);
  return context;
}

/** Draws x and y of each passage; returns the projection. */
export function drawPoints(canvas: HTMLCanvasElement, points: Float32Array, colour: Colours): Projection | undefined {
  const context = cleared(canvas);
  if (!context) return undefined;
  const to = projectionOf(points, canvas.clientWidth, canvas.clientHeight);
  context.fillStyle = colour("--border");
  for (let i = 0; i < points.length; i += 2) disc(context, to(points[i] ?? 0, points[i + 1] ?? 0), 3);
  return to;
}

/** What an answer marks on the map. */
export interface Marks {
  /** Found passages, nearest first, to be numbered. */
  readonly hits: readonly number[];
  readonly picked: number | undefined;
  /** The position of the query. */
  readonly position: readonly [x: number, y: number] | undefined;
}

/**
 * Draws an answer on a canvas that lies on that of the points, so that these are not redrawn for every answer:
 * thousands of discs, on the device that computes the next one. A query outside all passages is drawn at the edge.
 */
export function drawMarks(
  canvas: HTMLCanvasElement,
  points: Float32Array,
  to: Projection,
  { hits, picked, position }: Marks,
  colour: Colours,
): void {
  const context = cleared(canvas);
  if (!context) return;
  const at = (i: number) => to(points[2 * i] ?? 0, points[2 * i + 1] ?? 0);
  context.font = "600 12px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const [rank, i] of [...hits.entries()].reverse()) {
    context.fillStyle = colour("--accent");
    disc(context, at(i), 9);
    context.fillStyle = colour("--on-accent");
    context.fillText(String(rank + 1), ...at(i));
  }
  context.strokeStyle = colour("--text");
  context.lineWidth = 2;
  if (picked !== undefined) {
    context.beginPath();
    context.arc(...at(picked), 12, 0, 2 * Math.PI);
    context.stroke();
  }
  if (position) {
    const [x, y] = within(to(...position), canvas.clientWidth, canvas.clientHeight);
    context.beginPath();
    for (const [dx, dy] of [
      [7, 7],
      [7, -7],
    ] as const) {
      context.moveTo(x - dx, y - dy);
      context.lineTo(x + dx, y + dy);
    }
    context.stroke();
  }
}

/** The nearest point of the canvas that leaves room for a mark. */
export function within([x, y]: readonly [x: number, y: number], width: number, height: number) {
  const inside = (value: number, length: number) => Math.min(Math.max(value, margin / 2), length - margin / 2);
  return [inside(x, width), inside(y, height)] as const;
}

function disc(context: CanvasRenderingContext2D, [x, y]: readonly [number, number], radius: number): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

/** The passage nearest to a position on the canvas, if one is within reach. */
export function nearest(points: Float32Array, to: Projection, x: number, y: number): number | undefined {
  const reach = 24;
  let [best, distance]: [number | undefined, number] = [undefined, reach ** 2];
  for (let i = 0; 2 * i < points.length; i++) {
    const [left, top] = to(points[2 * i] ?? 0, points[2 * i + 1] ?? 0);
    const apart = (left - x) ** 2 + (top - y) ** 2;
    if (apart < distance) [best, distance] = [i, apart];
  }
  return best;
}
