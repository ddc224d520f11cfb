import { useEffect, useMemo, useState } from "preact/hooks";
import { device } from "../site/device.ts";
import { Shell } from "../site/shell.tsx";
import { Controls } from "./controls.tsx";
import { Downloads } from "./downloads.tsx";
import { type MaskPicture, pictureOf } from "./mask-tiles.ts";
import { MaskView } from "./mask-view.tsx";
import { OwnPane } from "./own-pane.tsx";
import { Plots } from "./plots.tsx";
import { ResultsTable } from "./results-table.tsx";
import { environment, peaks, rows, run, start, stop, wasHidden } from "./run.ts";
import { casesOf } from "./setup.ts";
import { drawn, own, problems, setup } from "./state.ts";
import { Device, Verdict } from "./verdict.tsx";

/** The attention laboratory. */
export function Page() {
  const narrow = matchMedia("(max-width: 860px)").matches;
  return (
    <Shell page="Attention">
      <h1>Attention laboratory</h1>
      <p class="lead">
        Every attention variant on the same inputs, on your GPU: checked against float64 first, then timed. Nothing
        leaves this device.
      </p>
      <div class="laboratory">
        <aside class="controls" aria-label="What is measured">
          <details open={!narrow}>
            <summary>Variants, masks, batches, heads</summary>
            <Controls />
          </details>
        </aside>
        <div>
          <Mask />
          <RunPanel />
          <Results />
          <OwnPane />
        </div>
      </div>
    </Shell>
  );
}

/** Keys and queries of a tile, as flash has them at a head width of 64. */
const tile = { rows: 64, columns: 64 } as const;

function Mask() {
  const what = drawn.value;
  const [picture, setPicture] = useState<MaskPicture>();
  const mask = useMemo(() => what?.mask.reference({ b: 1, t: what.t, s: what.s }), [what]);
  const keep = useMemo(() => (query: number, key: number) => mask?.(0, 0, query, key) ?? false, [mask]);
  useEffect(() => {
    if (!what || !mask) return;
    const stale = new AbortController();
    const { t, s } = what;
    const ranged = mask.keyRange;
    const range = (first: number, last: number): [number, number] =>
      ranged ? [ranged(first)[0], ranged(last)[1]] : [0, s];
    pictureOf({ t, s, ...tile, keep, range, mapped: !ranged }, stale.signal).then(setPicture, () => undefined);
    return () => stale.abort();
  }, [what, mask, keep]);
  if (!what) return <p class="muted">The mask is drawn here for batches up to 4 million pairs.</p>;
  return (
    <section aria-label="Mask">
      <h2>
        {what.mask.text}, {what.t} queries, {what.s} keys
      </h2>
      <MaskView picture={picture} keep={keep} />
    </section>
  );
}

function RunPanel() {
  const state = run.value;
  const wrong = problems.value.size > 0;
  const busy = state.kind === "running" || state.kind === "stopping";
  const count = wrong ? 0 : casesOf(setup.value, own.value).length * setup.value.variants.length;
  const missing = device.value.kind === "unsupported" ? device.value.reason : undefined;
  const why = missing ?? (wrong ? [...problems.value.values()][0] : undefined);
  return (
    <section class="run" aria-label="Run">
      <div class="row">
        <button
          type="button"
          class="primary"
          aria-disabled={why !== undefined && !busy}
          aria-describedby={why && !busy ? "why-not" : undefined}
          onClick={() => (busy ? stop() : why === undefined && start(setup.value, own.value))}
        >
          {busy ? (state.kind === "stopping" ? "Stopping…" : "Stop") : `Run ${count} measurements`}
        </button>
        {busy && (
          <span class="small">
            {state.done} of {state.total} cases · {state.what}
          </span>
        )}
      </div>
      {busy && <progress value={state.done} max={Math.max(1, state.total)} aria-label="Progress" />}
      {why && !busy && (
        <p class="small muted" id="why-not">
          {missing ? `No measurement without WebGPU: ${missing}` : why}
        </p>
      )}
      {state.kind === "failed" && (
        <p class="notice error" role="alert">
          The run failed: {state.message}. What was measured before stays below; change the set-up or run again.
        </p>
      )}
      {wasHidden.value && rows.value.length > 0 && (
        <p class="notice">
          The page was hidden while it measured; browsers slow hidden pages down. Run again to be sure.
        </p>
      )}
    </section>
  );
}

function Results() {
  if (rows.value.length === 0) {
    return (
      <>
        <p class="muted">
          Times, plots and a table appear here. Every result is compared with float64 first; a wrong one has no speed.
        </p>
        <Downloads />
      </>
    );
  }
  const name = environment.value?.adapter ?? "this device";
  return (
    <section aria-label="Results">
      <Verdict rows={rows.value} />
      <Plots rows={rows.value} peaks={peaks.value} device={name} />
      <ResultsTable rows={rows.value} />
      <Downloads />
      <Device />
    </section>
  );
}
