import { render } from "preact";
import { formatCsv } from "../../bench/harness/documents.ts";
import { formatEnvironment } from "../../bench/harness/table.ts";
import type { Engine } from "../../bench/peers/engines/engine.ts";
import { peersAreHere } from "../../bench/peers/engines/vendor.ts";
import { formatPeersMarkdown } from "../../bench/peers/report.ts";
import type { PeerResult } from "../../bench/peers/result.ts";
import { setupHash } from "../../bench/peers/setup/setup.ts";
import type { Gpu } from "../../src/index.ts";
import { CopyButton } from "../shell/controls/copy-button.tsx";
import { device } from "../shell/device/device.ts";
import { counted } from "../shell/format.ts";
import { Shell } from "../shell/shell.tsx";
import { download } from "../shell/status.ts";
import { Troubles } from "../shell/trouble/troubles.tsx";
import { Choices } from "./choices.tsx";
import { Results } from "./results.tsx";
import * as state from "./state.ts";
import { noPeers, troubles } from "./troubles.ts";

/** Draws the page. `bench peers` runs it by `peersPage`, and reads the progress there. */
export function startPage(enginesOf: (gpu: Gpu) => readonly Engine[]): void {
  render(<Page />, document.body);
  const ready = state.open(enginesOf);
  const peersPage = {
    ready: async () => {
      await ready;
      if (device.value.kind !== "ready") return troubles.value.map(({ says }) => says).join(" ");
      return state.unknownEngine();
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
  return (
    <Shell page="Peers">
      <h1>The same work on six engines</h1>
      <p>
        Engines of arrays compute the same attention, matrix products, norms, softmax and transformer block, and engines
        of language models generate the same text, on this device, in this page. Every result is compared with float64
        first; correct ones are then timed in turns, and a wrong one has no speed. Nothing leaves this device.
      </p>
      {!peersAreHere && <Troubles troubles={[noPeers]} />}
      <Choices />
      <Run />
      <Troubles troubles={troubles.value} />
      {state.result.value && <Measured result={state.result.value} />}
      <p class="small muted method">How it is measured: bench/peers/README.md in the source.</p>
    </Shell>
  );
}

function Run() {
  const { cases } = state.setup.value;
  const progress = state.progress.value;
  const why =
    device.value.kind === "opening"
      ? "Opening the GPU."
      : device.value.kind !== "ready"
        ? "There is no device."
        : state.whyNotMeasured.value;
  const act = () => {
    if (progress) state.stopRun();
    else if (!why) void state.run();
  };
  return (
    <div class="run">
      <div class="row">
        <button
          type="button"
          class="primary"
          id="run"
          aria-disabled={why !== undefined && !progress}
          aria-describedby={why !== undefined ? "why-not" : undefined}
          onClick={act}
        >
          {progress ? "Stop" : `Measure ${counted(cases.length, "case")}`}
        </button>
        {why && (
          <span class="small muted" id="why-not">
            {why}
          </span>
        )}
      </div>
      {progress && (
        <>
          <progress aria-label="Progress" value={progress.done} max={progress.total} />
          <span class="small muted">
            {progress.done} of {progress.total}: {progress.what}
          </span>
        </>
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
        <CopyButton what="Table" text={() => formatPeersMarkdown(result)}>
          Copy as Markdown
        </CopyButton>
        <CopyButton what="Link" text={addressOf}>
          Copy link
        </CopyButton>
      </div>
      <h2 class="where">Device and versions</h2>
      <pre class="small environment">{formatEnvironment(result.environment, result.peaks)}</pre>
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
