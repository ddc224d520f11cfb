import { render } from "preact";
import { version } from "../../../package.json";
import { copy, download, status } from "../../../site/shell/status.ts";
import { nextTheme, theme } from "../../../site/shell/theme.ts";
import type { Gpu } from "../../../src/index.ts";
import { formatCsv } from "../../harness/documents.ts";
import { formatEnvironment } from "../../harness/table.ts";
import type { Engine } from "../engines/engine.ts";
import { formatPeersMarkdown } from "../report.ts";
import type { PeerResult } from "../result.ts";
import { setupHash } from "../setup.ts";
import { Choices } from "./choices.tsx";
import { Results } from "./results.tsx";
import * as state from "./state.ts";

/** Draws the page. `bench peers` runs it by `peersPage`, and reads the progress there. */
export function startPage(enginesOf: (gpu: Gpu) => readonly Engine[]): void {
  render(<Page />, document.body);
  const ready = state.open(enginesOf);
  const peersPage = {
    ready: async () => {
      await ready;
      return state.device.value.kind === "unsupported" ? state.device.value.reason : state.unknownEngine();
    },
    run: async () => {
      const result = await state.run();
      if (state.problem.value !== undefined) throw new Error(state.problem.value);
      return result;
    },
    progress: () => state.progress.value,
    result: () => state.result.value,
    stop: state.stopRun,
  };
  Object.assign(globalThis, { peersPage });
}

function Page() {
  const device = state.device.value;
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="bar">
        <span class="name">Shaderformer</span>
        <span>Peers</span>
        <span class="space" />
        <DeviceChip />
        <button type="button" onClick={nextTheme} aria-label={`Theme: ${theme.value}. Change it`}>
          {{ auto: "◐ auto", light: "○ light", dark: "● dark" }[theme.value]}
        </button>
      </header>
      <main id="content">
        <h1>The same attention on four engines</h1>
        <p>
          Each engine does the same cases on this device, in this page. Every result is held against float64 first; only
          right ones are timed, in turns, and a wrong one has no speed. Nothing leaves this device.
        </p>
        {device.kind === "unsupported" && (
          <p class="notice error" role="alert">
            There is no WebGPU device to measure: {device.reason}
          </p>
        )}
        {device.kind === "ready" && device.gpu.adapter.software && (
          <p class="notice">
            This is a software adapter: it computes on the processor, and its times say nothing of a GPU.
          </p>
        )}
        <Choices />
        <Run />
        {state.result.value && <Measured result={state.result.value} />}
      </main>
      <footer class="bar small muted">
        Shaderformer {version}, MIT licence. How it is measured: bench/peers/README.md in the source.
      </footer>
      <div class="hidden-text" role="status">
        {status.value}
      </div>
    </>
  );
}

function DeviceChip() {
  const device = state.device.value;
  if (device.kind !== "ready")
    return <span class="small muted">{device.kind === "opening" ? "opening…" : "no WebGPU"}</span>;
  return <span class="small">{device.gpu.adapter.label || "name withheld by the browser"}</span>;
}

function Run() {
  const { cases } = state.setup.value;
  const progress = state.progress.value;
  const device = state.device.value;
  const why = device.kind !== "ready" ? "there is no device" : cases.length === 0 ? "no case is chosen" : undefined;
  const act = () => {
    if (progress) state.stopRun();
    else if (!why) void state.run();
  };
  return (
    <div class="run">
      <div class="row">
        <button type="button" class="primary" id="run" aria-disabled={why !== undefined} onClick={act}>
          {progress ? "Stop" : `Measure ${cases.length} ${cases.length === 1 ? "case" : "cases"}`}
        </button>
        {why && <span class="small muted">{why}</span>}
      </div>
      {progress && (
        <>
          <progress aria-label="Progress" value={progress.done} max={progress.of} />
          <span class="small muted">
            {progress.done} of {progress.of}: {progress.doing}
          </span>
        </>
      )}
      {state.problem.value !== undefined && (
        <p class="problem" role="alert">
          {state.problem.value}
        </p>
      )}
    </div>
  );
}

function Measured({ result }: { result: PeerResult }) {
  const json = () => `${JSON.stringify(result, null, 1)}\n`;
  return (
    <section aria-label="Results">
      <h2>Results</h2>
      <Results result={result} />
      <div class="row">
        <button type="button" onClick={() => download("peers.json", json(), "application/json")}>
          Download JSON
        </button>
        <button type="button" onClick={() => download("peers.csv", `${formatCsv(result)}\n`, "text/csv")}>
          Download CSV
        </button>
        <button type="button" onClick={() => void copy("Table", formatPeersMarkdown(result))}>
          Copy as Markdown
        </button>
        <button type="button" onClick={() => void copy("Link", addressOf())}>
          Copy link
        </button>
      </div>
      <h2 style="margin-top: 24px">Where</h2>
      <pre class="small" style="white-space: pre-wrap">
        {formatEnvironment(result.environment, result.peaks)}
      </pre>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a frame that scrolls is reached by the keyboard */}
      <section class="frame" tabIndex={0} aria-label="Table: engines">
        <table>
          <thead>
            <tr>
              <th scope="col">Engine</th>
              <th scope="col">Version</th>
              <th scope="col">Computes on</th>
            </tr>
          </thead>
          <tbody>
            {result.engines.map(({ name, version: of, device, failure }) => (
              <tr key={name}>
                <td>{name}</td>
                <td>{of ?? "–"}</td>
                <td class="wraps">{failure ?? device}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}

const addressOf = () => `${location.href.replace(/#.*$/, "")}${setupHash(state.setup.value)}`;
