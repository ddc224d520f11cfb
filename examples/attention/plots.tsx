import { useEffect, useRef } from "preact/hooks";
import type { BenchRow, Peaks } from "../../bench/result.ts";
import { download } from "../site/status.ts";
import { theme } from "../site/theme.ts";
import { type Draw, keys, type Plot, roofline, speedBars, timeOverLength } from "./charts.ts";
import { marked } from "./results-table.tsx";

let loaded: Promise<Plot> | undefined;
/** Observable Plot, fetched when the first plot is drawn. */
const plot = () => {
  loaded ??= import("@observablehq/plot");
  return loaded;
};

/** Time over length, speed at the longest length, and the roofline, each with its caption and a download. */
export function Plots({ rows, peaks, device }: { rows: readonly BenchRow[]; peaks: Peaks | null; device: string }) {
  const right = rows.filter(({ verdict }) => verdict === "pass");
  if (right.length === 0) return null;
  const lengths = new Set(right.map(keys)).size;
  const samples = `median of ${Math.min(...right.map(({ samples }) => samples ?? 0))} intervals, ${device}`;
  return (
    <div class="plots">
      {lengths > 1 && (
        <Figure
          name="time"
          caption={`Time over length, both logarithmic; bands are p10 to p90. ${samples}.`}
          rows={rows}
          peaks={peaks}
          draw={timeOverLength}
        />
      )}
      <Figure
        name="speed"
        caption={`Useful operations a second at the longest length. ${samples}.`}
        rows={rows}
        peaks={peaks}
        draw={speedBars}
      />
      {peaks?.tflopsF32.value && peaks.copyGbs.value ? (
        <Figure
          name="roofline"
          caption={`Roofline: measured peaks, operations by exact live pairs, compulsory bytes. ${samples}.`}
          rows={rows}
          peaks={peaks}
          draw={roofline}
        />
      ) : null}
    </div>
  );
}

function Figure({
  name,
  caption,
  rows,
  peaks,
  draw,
}: {
  name: string;
  caption: string;
  rows: readonly BenchRow[];
  peaks: Peaks | null;
  draw: Draw;
}) {
  const place = useRef<HTMLDivElement>(null);
  const [shade, mark] = [theme.value, marked.value];
  useEffect(() => {
    let stale = false;
    void plot().then((Plot) => {
      const element = place.current;
      if (stale || !element) return;
      const style = getComputedStyle(element);
      const chart = draw(Plot, {
        rows,
        peaks,
        variants: [...new Set(rows.map(({ variant }) => variant))],
        width: Math.max(320, element.clientWidth),
        colour: (variable) => style.getPropertyValue(variable).trim(),
        marked: mark,
      });
      for (const mark of chart.querySelectorAll("[aria-label]")) mark.removeAttribute("aria-label"); // parts of one image
      chart.setAttribute("role", "img");
      chart.setAttribute("aria-label", `${caption} The table below has the numbers.`);
      element.replaceChildren(chart);
    });
    return () => {
      stale = true;
    };
  }, [rows, peaks, draw, shade, mark, caption]);
  return (
    <figure class="plot" id={`plot-${name}`}>
      <div ref={place} class="plot-place" />
      <figcaption class="small">
        {caption}{" "}
        <button type="button" onClick={() => void savePicture(place.current, name, "svg")}>
          SVG
        </button>{" "}
        <button type="button" onClick={() => void savePicture(place.current, name, "png")}>
          PNG
        </button>
      </figcaption>
    </figure>
  );
}

/** Saves the drawing as it is seen. */
async function savePicture(place: HTMLElement | null, name: string, form: "svg" | "png"): Promise<void> {
  const chart = place?.querySelector("svg");
  if (!place || !chart) return;
  const copy = chart.cloneNode(true) as SVGSVGElement;
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.style.background = getComputedStyle(place).getPropertyValue("--paper");
  const text = new XMLSerializer().serializeToString(copy);
  if (form === "svg") return download(`attention-${name}.svg`, text, "image/svg+xml");
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const [width, height] = [2 * chart.clientWidth, 2 * chart.clientHeight];
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d")?.drawImage(image, 0, 0, width, height);
  canvas.toBlob((blob) => blob && download(`attention-${name}.png`, blob));
}
