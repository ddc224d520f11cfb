import type { Marks } from "../../../src/wgsl/run/step/types.ts";
import { themeColours } from "./colours.ts";

/** What a time line shows. */
export interface TimelinePicture {
  readonly marks: Marks;
  readonly strands: number;
  /** Steps from the left to the right edge. */
  readonly steps: number;
  readonly now: number;
}

const mostRows = 8;
const rowHeight = (strands: number) => (strands <= mostRows ? 8 : 64 / strands);

/** Pixels of the picture of so many subgroups. */
export const timelineHeight = (strands: number): number => Math.round(rowHeight(strands) * strands + 10);

/** Draws a row for each subgroup with blocks where it runs, lines at barriers, and triangles at faults. */
export function drawTimeline(canvas: HTMLCanvasElement, { marks, strands, steps, now }: TimelinePicture): void {
  const context = canvas.getContext("2d");
  const { clientWidth: width, clientHeight: height } = canvas;
  if (!context || width === 0) return;
  const ratio = devicePixelRatio;
  Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const colour = themeColours();
  const x = (step: number) => (step / steps) * width;
  const tall = rowHeight(strands);
  context.fillStyle = colour("--raised");
  context.fillRect(0, 10, width, tall * strands);
  context.fillStyle = colour("--border");
  for (let i = 0; i + 2 < marks.stretches.length; i += 3) {
    const [strand = 0, first = 0, end = 0] = marks.stretches.subarray(i, i + 3);
    context.fillRect(x(first), 10 + strand * tall, Math.max(0.5, x(end) - x(first)), Math.max(1, tall - 1));
  }
  context.fillStyle = colour("--series-2");
  for (const { step } of marks.barriers) context.fillRect(x(step) - 0.5, 6, 1, height - 6);
  context.fillStyle = colour("--bad");
  for (const { step } of marks.faults) {
    context.beginPath();
    context.moveTo(x(step), 8);
    context.lineTo(x(step) - 4, 0);
    context.lineTo(x(step) + 4, 0);
    context.fill();
  }
  context.fillStyle = colour("--accent");
  context.fillRect(x(now) - 1, 0, 2, height);
}
