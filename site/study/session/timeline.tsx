import { useEffect, useRef, useState } from "preact/hooks";
import { counted } from "../../shell/format.ts";
import { theme } from "../../shell/theme.ts";
import * as state from "../state.ts";
import { toStep } from "./actions.ts";
import { drawTimeline, timelineHeight } from "./timeline-drawing.ts";

/** Which subgroup ran when, between which barriers, and where it failed. The slider below it has the keys. */
export function Timeline() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const { marks, total, reached = 0 } = state.progress.value ?? {};
  const strands = state.opened.value?.strands.length ?? 1;
  const now = state.frame.value?.where.step ?? 0;
  const { value: shade } = theme;
  useEffect(() => {
    void [shade, width];
    const element = canvas.current;
    const draw = () => {
      if (element && marks) drawTimeline(element, { marks, strands, steps: Math.max(1, total ?? reached), now });
    };
    draw();
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", draw);
    return () => system.removeEventListener("change", draw);
  }, [marks, strands, total, reached, now, shade, width]);
  useEffect(() => {
    if (!canvas.current) return;
    const sized = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    sized.observe(canvas.current);
    return () => sized.disconnect();
  }, []);
  const barriers = marks?.barriers.length ?? 0;
  const faults = marks?.faults.length ?? 0;
  const go = ({ clientX, buttons }: PointerEvent) => {
    const box = canvas.current?.getBoundingClientRect();
    if (!box || buttons !== 1) return;
    const share = Math.max(0, Math.min(1, (clientX - box.left) / box.width));
    toStep(Math.min(reached, Math.round(share * (total ?? reached))));
  };
  return (
    <canvas
      ref={canvas}
      class="timeline"
      role="img"
      style={`height: ${timelineHeight(strands)}px`}
      aria-label={`Time line: ${counted(strands, "subgroup")}, ${counted(barriers, "barrier")}, ${counted(faults, "fault")}.`}
      onPointerDown={(event) => {
        canvas.current?.setPointerCapture(event.pointerId);
        go(event);
      }}
      onPointerMove={go}
    />
  );
}
