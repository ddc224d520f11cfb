import { useEffect, useRef, useState } from "preact/hooks";
import type { BenchRow } from "../../../bench/result.ts";
import { savePicture } from "../../shell/controls/picture.ts";
import { counted } from "../../shell/format.ts";
import { sim } from "../../shell/sim.ts";
import { colourOf, theme } from "../../shell/theme.ts";
import { familiesOf, familyOf, keys } from "../results/families.ts";
import { compared, nameOf, offline, type Shown } from "../results/results.ts";
import { marked } from "../results/table.tsx";
import { type Draw, type Drawing, type Plot, speedBars, timeOverLength } from "./charts.ts";
import { roofline } from "./roofline.ts";

let loaded: Promise<Plot> | undefined;
/** Observable Plot, fetched when the first plot is drawn. */
const plot = () => {
  loaded ??= sim === "offline" ? Promise.reject(new Error("simulated")) : import("@observablehq/plot");
  return loaded;
};

/** Time over length, speed at the longest length, and the roofline, each with its caption and a download. */
export function Plots({ result }: { result: Shown }) {
  const { rows, peaks } = result;
  const families = familiesOf(rows.filter(({ verdict }) => verdict !== "n/a"));
  const [chosen, setChosen] = useState<string>();
  const family = chosen !== undefined && families.includes(chosen) ? chosen : families[0];
  const own = rows.filter((row) => familyOf(row) === family);
  const right = own.filter(({ verdict }) => verdict === "pass");
  if (right.length === 0) return null;
  const other = compared.value;
  const others = other?.rows.filter((row) => familyOf(row) === family) ?? [];
  const lengths = new Set(right.map(keys)).size;
  const counts = right.map(({ samples }) => samples ?? 0);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const intervals = least === most ? counted(most, "interval") : `${least} to ${most} intervals`;
  const samples = `Medians of ${intervals}; ${nameOf(result)}`;
  const drawing = { rows: own, compared: others, peaks, ranked: !result.environment?.software };
  return (
    <>
      {families.length > 1 && (
        <p>
          <label>
            Plots of{" "}
            <select value={family} onChange={({ currentTarget }) => setChosen(currentTarget.value)}>
              {families.map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        </p>
      )}
      <div class="plots">
        {lengths > 1 && (
          <Figure
            name="time"
            caption={`Time over length, ${family}, both axes logarithmic; bands are p10 to p90, dotted lines growth with S and S².${others.length > 0 && other ? ` Dashed: ${nameOf(other)}.` : ""} ${samples}.`}
            drawing={drawing}
            draw={timeOverLength}
          />
        )}
        <Figure
          name="speed"
          caption={`Useful operations a second at the longest length, ${family}; whiskers are p10 to p90, per cent are of the measured roofline. ${samples}.`}
          drawing={drawing}
          draw={speedBars}
        />
        {peaks?.tflopsF32.value && peaks.copyGbs.value ? (
          <Figure
            name="roofline"
            caption={`Roofline, ${family}: measured peaks, operations by exact live pairs, compulsory bytes. ${samples}.`}
            drawing={drawing}
            draw={roofline}
          />
        ) : null}
      </div>
    </>
  );
}

type Contents = Pick<Drawing, "rows" | "compared" | "peaks" | "ranked">;

function Figure({ name, caption, drawing, draw }: { name: string; caption: string; drawing: Contents; draw: Draw }) {
  const place = useRef<HTMLDivElement>(null);
  const width = useWidth(place);
  const [shade, mark] = [theme.value, marked.value];
  const { rows, compared: others, peaks, ranked } = drawing;
  /** The chart in the colours of an element. */
  const chartIn = (Plot: Plot, element: HTMLElement, size: number): Element => {
    const known: readonly BenchRow[] = [...rows, ...others];
    const chart = draw(Plot, {
      rows,
      compared: others,
      peaks,
      ranked,
      marked: mark,
      variants: [...new Set(known.map(({ variant }) => variant))],
      width: size,
      colour: colourOf(element),
    });
    for (const part of chart.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label"); // it is one image
    chart.setAttribute("role", "img");
    chart.setAttribute("aria-label", `${caption} The table below has the numbers.`);
    return chart;
  };
  const latest = useRef(chartIn);
  latest.current = chartIn;
  const drawnOf = [rows.map(({ id, medianMs }) => `${id}${medianMs}`).join(), others.length, peaks, ranked].join();
  useEffect(() => {
    void [drawnOf, shade, mark, caption]; // dependencies of the drawing
    let stale = false;
    plot().then(
      (Plot) => {
        const element = place.current;
        if (!stale && element && width > 0)
          element.replaceChildren(latest.current(Plot, element, Math.max(320, width)));
      },
      () => {
        offline.value = true;
      },
    );
    return () => {
      stale = true;
    };
  }, [drawnOf, shade, mark, caption, width]);
  const save = async (form: "svg" | "png") => {
    const Plot = await plot();
    await savePicture((element) => latest.current(Plot, element, 720), `attention-${name}`, form);
  };
  return (
    <figure class="plot" id={`plot-${name}`}>
      {offline.value && <p class="muted small">The plot could not be fetched; the table has the numbers.</p>}
      <div ref={place} class={`plot-place plot-place-${name}`} />
      <figcaption class="small">
        {caption}{" "}
        <button type="button" aria-label={`Save the ${name} plot as SVG`} onClick={() => void save("svg")}>
          SVG
        </button>{" "}
        <button type="button" aria-label={`Save the ${name} plot as PNG`} onClick={() => void save("png")}>
          PNG
        </button>
      </figcaption>
    </figure>
  );
}

/** The current width of an element, in steps worth a new drawing. */
function useWidth(place: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!place.current) return;
    const sized = new ResizeObserver(([entry]) => setWidth(Math.round((entry?.contentRect.width ?? 0) / 8) * 8));
    sized.observe(place.current);
    return () => sized.disconnect();
  }, [place]);
  return width;
}
