import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { version } from "../../package.json";
import { device, deviceReport, openDevice } from "./device.ts";
import { copy, download, status } from "./status.ts";
import { nextTheme, theme } from "./theme.ts";

const pages = [["../attention/index.html", "Attention"]] as const;

/** What every page has: header with links, device and theme, the page's content, a footer, and a status for readers. */
export function Shell({ page, children }: { page: string; children: ComponentChildren }) {
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="bar">
        <a class="name" href="../index.html">
          Shaderformer
        </a>
        <nav aria-label="Pages">
          {pages.map(([href, name]) => (
            <a key={name} href={href} {...(name === page ? { "aria-current": "page" as const } : {})}>
              {name}
            </a>
          ))}
        </nav>
        <span class="space" />
        <DeviceChip />
        <button type="button" onClick={nextTheme} aria-label={`Theme: ${theme.value}. Change it`}>
          {{ auto: "◐ auto", light: "○ light", dark: "● dark" }[theme.value]}
        </button>
      </header>
      <main id="content">{children}</main>
      <footer class="bar small muted">
        Shaderformer {version}, MIT licence. Everything runs on this device; nothing is sent anywhere.
      </footer>
      <div class="hidden-text" role="status">
        {status.value}
      </div>
    </>
  );
}

function DeviceChip() {
  const sheet = useRef<HTMLDialogElement>(null);
  const state = device.value;
  if (state.kind === "opening") return <span class="small muted">opening the GPU…</span>;
  if (state.kind !== "ready") {
    return (
      <button type="button" onClick={() => void openDevice()}>
        {state.kind === "lost" ? "device lost — open again" : "no WebGPU — try again"}
      </button>
    );
  }
  const { gpu } = state;
  const rows = deviceReport(gpu);
  const markdown = ["| | |", "|---|---|", ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join("\n");
  const short = gpu.adapter.software ? "software, not your GPU" : gpu.adapter.label;
  const features = [gpu.features.has("shader-f16") && "f16", gpu.features.has("subgroups") && "subgroups"];
  return (
    <>
      <button
        type="button"
        class={gpu.adapter.software ? "chip-software" : ""}
        aria-haspopup="dialog"
        onClick={() => sheet.current?.showModal()}
      >
        {[short, ...features].filter(Boolean).join(" · ")}
      </button>
      <dialog ref={sheet} aria-label="Device">
        <h2>Device</h2>
        <table>
          <tbody>
            {rows.map(([name, value]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td style="white-space: normal">{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <p class="row" style="margin-top: 12px">
          <button type="button" onClick={() => void copy("Device report", markdown)}>
            Copy
          </button>
          <button type="button" onClick={() => download("device.md", markdown)}>
            Download
          </button>
          <button type="button" onClick={() => sheet.current?.close()}>
            Close
          </button>
        </p>
      </dialog>
    </>
  );
}
