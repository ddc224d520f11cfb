import { useEffect, useRef, useState } from "preact/hooks";
import { count, percent } from "../../shell/format.ts";
import { colourOf, theme } from "../../shell/theme.ts";
import { searchNow } from "../results/search.ts";
import { found, index, map, picked, query, searchable, shownHits } from "../state.ts";
import { wordsOf } from "../text/passages.ts";
import { drawMarks, drawPoints, nearest, type Projection } from "./drawing.ts";
import { MapTable } from "./table.tsx";

/** The passages in the plane in which their vectors differ most. */
export function MapView() {
  const [now, drawn] = [index.value, map.value];
  if (!now) return null;
  return (
    <section class="map" aria-label="Map">
      <h2>Map</h2>
      {drawn ? (
        <>
          <p class="small muted">
            Each point is a passage: near points tend to mean something similar. The two directions in which the vectors
            differ most (principal components) hold {percent(drawn.shares[0])} and {percent(drawn.shares[1])} of their
            variance, so much is lost. Numbers are results; × is the query.
          </p>
          <Canvas />
          <Picked />
          <MapTable />
        </>
      ) : (
        <p class="small muted">The map is being computed…</p>
      )}
    </section>
  );
}

function Canvas() {
  const below = useRef<HTMLCanvasElement>(null);
  const above = useRef<HTMLCanvasElement>(null);
  const to = useRef<Projection | undefined>(undefined);
  const [width, setWidth] = useState(0);
  const [system, setSystem] = useState(0);
  const [drawn, result, chosen, shade] = [map.value, found.value, picked.value, theme.value];
  const shown = shownHits.value;
  const colours = () => colourOf(below.current?.parentElement ?? document.body);
  useEffect(() => {
    void [shade, system, width]; // what affects the drawing other than its contents
    to.current = below.current && drawn ? drawPoints(below.current, drawn.points, colours()) : undefined;
  }, [drawn, shade, system, width]);
  useEffect(() => {
    void [shade, system, width];
    if (!above.current || !drawn || !to.current) return;
    const hits = result?.hits.slice(0, shown).map(({ passage }) => passage) ?? [];
    const marks = { hits, picked: chosen, position: result?.position };
    drawMarks(above.current, drawn.points, to.current, marks, colours());
  }, [drawn, result, chosen, shown, shade, system, width]);
  useEffect(() => {
    if (!below.current) return;
    const sized = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    sized.observe(below.current);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const changed = () => setSystem((n) => n + 1);
    dark.addEventListener("change", changed);
    return () => {
      sized.disconnect();
      dark.removeEventListener("change", changed);
    };
  }, []);
  return (
    <div class="layers">
      <canvas
        ref={below}
        role="img"
        aria-label={`Map of ${count((drawn?.points.length ?? 0) / 2)} passages; the table below says the same`}
        onClick={({ offsetX, offsetY }) => {
          if (!to.current || !drawn) return;
          picked.value = nearest(drawn.points, to.current, offsetX, offsetY);
        }}
      />
      <canvas ref={above} />
    </div>
  );
}

/** The picked passage. */
function Picked() {
  const [now, chosen] = [index.value, picked.value];
  const passage = chosen === undefined ? undefined : now?.passages[chosen];
  if (!now || !passage) return <p class="small muted">Pick a point to read its passage.</p>;
  return (
    <div class="picked" role="status">
      <p>{wordsOf(passage)}</p>
      <p class="small muted from">
        {now.texts[passage.text]}
        {searchable.value && (
          <button
            type="button"
            onClick={() => {
              query.value = wordsOf(passage);
              searchNow();
            }}
          >
            Find what is similar
          </button>
        )}
      </p>
    </div>
  );
}
