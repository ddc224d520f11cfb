/** What the map shows. */
export interface MapPicture {
  /** x and y of each passage. */
  readonly points: Float32Array;
  /** Passages that were found, the nearest first: they are numbered. */
  readonly hits: readonly number[];
  readonly picked: number | undefined;
  /** Where the query is. */
  readonly position: readonly [x: number, y: number] | undefined;
}

/** From the plane to pixels of the canvas. */
export type Projection = (x: number, y: number) => readonly [left: number, top: number];

/**
 * More points than these are squares: browsers draw rectangles together, and discs one by one, on the same device as the
 * next query.
 */
const manyPoints = 2000;

/** Room at the edges, in CSS pixels. */
const margin = 20;

/** The projection that shows all points, with the same scale on both axes. */
export function projectionOf({ points, position }: MapPicture, width: number, height: number): Projection {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  const include = (x: number, y: number) => {
    [left, right, low, high] = [Math.min(left, x), Math.max(right, x), Math.min(low, y), Math.max(high, y)];
  };
  for (let i = 0; i < points.length; i += 2) include(points[i] ?? 0, points[i + 1] ?? 0);
  if (position) include(...position);
  const [w, h] = [right - left || 1, high - low || 1];
  const scale = Math.min((width - 2 * margin) / w, (height - 2 * margin) / h);
  const [x0, y0] = [(width - scale * w) / 2, (height - scale * h) / 2];
  return (x, y) => [x0 + scale * (x - left), height - y0 - scale * (y - low)];
}

/** Draws the map; gives the projection. Sizes are in CSS pixels. */
export function drawMap(
  canvas: HTMLCanvasElement,
  picture: MapPicture,
  colour: (name: string) => string,
): Projection | undefined {
  const ratio = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  Object.assign(canvas, {
    width: Math.max(1, Math.round(width * ratio)),
    height: Math.max(1, Math.round(height * ratio)),
  });
  const context = canvas.getContext("2d");
  if (!context || width === 0) return undefined;
  context.scale(ratio, ratio);
  const to = projectionOf(picture, width, height);
  const at = (i: number) => to(picture.points[2 * i] ?? 0, picture.points[2 * i + 1] ?? 0);
  const count = picture.points.length / 2;
  context.fillStyle = colour("--border");
  for (let i = 0; i < count; i++) {
    if (count > manyPoints) square(context, at(i));
    else disc(context, at(i), 3);
  }
  context.font = "600 12px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const [rank, i] of [...picture.hits.entries()].reverse()) {
    context.fillStyle = colour("--accent");
    disc(context, at(i), 9);
    context.fillStyle = colour("--on-accent");
    context.fillText(String(rank + 1), ...at(i));
  }
  context.strokeStyle = colour("--text");
  context.lineWidth = 2;
  if (picture.picked !== undefined) {
    context.beginPath();
    context.arc(...at(picture.picked), 12, 0, 2 * Math.PI);
    context.stroke();
  }
  if (picture.position) {
    const [x, y] = to(...picture.position);
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
  return to;
}

function square(context: CanvasRenderingContext2D, [x, y]: readonly [number, number]): void {
  context.fillRect(x - 2, y - 2, 4, 4);
}

function disc(context: CanvasRenderingContext2D, [x, y]: readonly [number, number], radius: number): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

/** The passage nearest to a position on the canvas, where one is within reach. */
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
