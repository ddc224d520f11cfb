import { useEffect, useRef, useState } from "preact/hooks";
import { CopyButton } from "../controls/copy-button.tsx";
import { download } from "../status.ts";
import { reportOf } from "../trouble/trouble.ts";
import { type DeviceState, device, limitLines, reopen, reportLines } from "./device.ts";
import { deviceTroubles } from "./troubles.ts";

const words = { "no-webgpu": "no WebGPU", insecure: "no WebGPU: not secure", "no-adapter": "no GPU" } as const;

function short(state: DeviceState): string {
  switch (state.kind) {
    case "opening":
      return "opening the GPU…";
    case "lost":
      return "GPU lost";
    case "missing":
      return state.missing in words ? words[state.missing as keyof typeof words] : "no device";
    case "ready": {
      const { label, software, features, subgroupSizes } = state.facts;
      const subgroups = features.includes("subgroups") && ["subgroups", subgroupSizes?.[1]].filter(Boolean).join(" ");
      const f16 = features.includes("shader-f16") && "f16";
      return [software ? "software, not your GPU" : label, f16, subgroups].filter(Boolean).join(" · ");
    }
  }
}

/** The device in the header, in a few words, with a sheet of all details. */
export function DeviceChip() {
  const sheet = useRef<HTMLDialogElement>(null);
  const state = device.value;
  const software = state.kind === "ready" && state.facts.software;
  return (
    <>
      <button
        type="button"
        class={`device ${software || state.kind === "missing" || state.kind === "lost" ? "chip-warning" : ""}`}
        aria-haspopup="dialog"
        aria-label={`Device: ${short(state)}`}
        onClick={() => sheet.current?.showModal()}
      >
        {short(state)}
      </button>
      <dialog ref={sheet} aria-label="Device">
        <h2>Device</h2>
        <Sheet state={state} />
        <p class="row">
          <CopyButton what="Device report" text={() => reportText(state)}>
            Copy
          </CopyButton>
          <button type="button" onClick={() => download("device.md", reportText(state), "text/markdown")}>
            Download
          </button>
          {state.kind !== "ready" && state.kind !== "opening" && (
            <button type="button" onClick={() => reopen.value()}>
              Try again
            </button>
          )}
          <button type="button" onClick={() => sheet.current?.close()}>
            Close
          </button>
        </p>
      </dialog>
    </>
  );
}

function Sheet({ state }: { state: DeviceState }) {
  const stored = useStorage();
  if (state.kind === "opening") return <p>Opening a GPU.</p>;
  if (state.kind !== "ready")
    return (
      <>
        {deviceTroubles(state).map(({ key, says, todo }) => (
          <p key={key}>
            {says} {todo}
          </p>
        ))}
      </>
    );
  return (
    <>
      <table>
        <tbody>
          {[...reportLines(state.facts), ["storage of this page", stored] as const].map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="wraps">{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <table>
        <thead>
          <tr>
            <th scope="col">limit</th>
            <th scope="col" class="number">
              this set-up needs
            </th>
            <th scope="col" class="number">
              the device has
            </th>
          </tr>
        </thead>
        <tbody>
          {limitLines(state.facts).map(([name, need, have]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="number">{need}</td>
              <td class="number">{have}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** Storage that the page uses in the browser, and its quota. */
function useStorage(): string {
  const [used, setUsed] = useState("unknown: the browser does not say");
  useEffect(() => {
    const megabytes = (bytes = 0) => (bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`);
    navigator.storage?.estimate?.().then(
      ({ usage, quota }) => setUsed(`${megabytes(usage)} of ${megabytes(quota)} used`),
      () => undefined, // the line then says "unknown"
    );
  }, []);
  return used;
}

function reportText(state: DeviceState): string {
  if (state.kind !== "ready") return reportOf(deviceTroubles(state));
  const rows = (cells: readonly (readonly string[])[]) => cells.map((row) => `| ${row.join(" | ")} |`);
  return [
    ...["| | |", "|---|---|", ...rows(reportLines(state.facts))],
    ...["", "| limit | needed | had |", "|---|---|---|", ...rows(limitLines(state.facts))],
  ].join("\n");
}
