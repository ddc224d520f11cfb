import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { savePicture } from "../controls/picture.ts";
import { sim } from "../sim.ts";
import { download } from "../status.ts";
import { colourOf, theme } from "../theme.ts";
import { NumberTable } from "./number-table.tsx";
import { csvOf, type Numbers } from "./numbers.ts";

/** The library, fetched when the first figure is drawn. */
export type Plot = typeof import("@observablehq/plot");

/** Draws a figure in this width and these colours. */
export type Draw = (plot: Plot, size: { readonly width: number; readonly colour: (name: string) => string }) => Element;

let loaded: Promise<Plot> | undefined;
const plot = () => {
  loaded ??= sim === "offline" ? Promise.reject(new Error("simulated")) : import("@observablehq/plot");
  return loaded;
};

const offline = signal(false);

/** Milliseconds between drawings of figures that change continuously. */
const pace = 400;

interface FigureProps {
  /** Used in file names, after that of the page. */
  readonly name: string;
  readonly title: string;
  /** What the figure shows, and how; also the picture's description. */
  readonly caption: string;
  /** Dependencies of the drawing. */
  readonly of: unknown;
  readonly draw: Draw;
  /** The same as numbers. */
  readonly numbers: () => Numbers;
}

/** The page's folder. */
const folder = () => location.pathname.split("/").at(-2) ?? "figure";

/** A figure with its caption, downloads, and the same as a table. */
export function Figure({ name, title, caption, of, draw, numbers }: FigureProps) {
  const place = useRef<HTMLDivElement>(null);
  const width = useWidth(place);
  const [open, setOpen] = useState(false);
  const drawn = useRef(0);
  const shade = theme.value;
  const chartIn = (Plot: Plot, element: HTMLElement, size: number): Element => {
    const chart = draw(Plot, { width: size, colour: colourOf(element) });
    for (const part of chart.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label"); // it is one image
    chart.setAttribute("role", "img");
    chart.setAttribute("aria-label", `${title}. ${caption}`);
    return chart;
  };
  const latest = useRef(chartIn);
  latest.current = chartIn;
  useEffect(() => {
    void [of, shade];
    let stale = false;
    const now = async () => {
      const Plot = await plot();
      const element = place.current;
      if (stale || !element || width === 0) return;
      drawn.current = performance.now();
      element.replaceChildren(latest.current(Plot, element, Math.max(280, width)));
    };
    const wait = Math.max(0, pace - (performance.now() - drawn.current));
    const timer = setTimeout(() => {
      now().catch(() => {
        offline.value = true;
      });
    }, wait);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [of, shade, width]);
  const save = async (form: "svg" | "png") => {
    const Plot = await plot();
    await savePicture((element) => latest.current(Plot, element, 720), `${folder()}-${name}`, form);
  };
  return (
    <figure class="plot" id={`plot-${name}`}>
      <h2>{title}</h2>
      {offline.value && <p class="muted small">The figure could not be fetched; the table has the numbers.</p>}
      <div ref={place} class="plot-place" />
      <figcaption class="small">
        {caption}{" "}
        <button type="button" aria-label={`Save ${title} as SVG`} onClick={() => void save("svg")}>
          SVG
        </button>{" "}
        <button type="button" aria-label={`Save ${title} as PNG`} onClick={() => void save("png")}>
          PNG
        </button>{" "}
        <button
          type="button"
          aria-label={`Save ${title} as CSV`}
          onClick={() => download(`${folder()}-${name}.csv`, csvOf(numbers()), "text/csv")}
        >
          CSV
        </button>
      </figcaption>
      <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>The numbers as a table</summary>
        {open && <NumberTable {...numbers()} />}
      </details>
    </figure>
  );
}

/** The current width of an element, in steps worth a new drawing. */
export function useWidth(place: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!place.current) return;
    const sized = new ResizeObserver(([entry]) => setWidth(Math.round((entry?.contentRect.width ?? 0) / 8) * 8));
    sized.observe(place.current);
    return () => sized.disconnect();
  }, [place]);
  return width;
}
