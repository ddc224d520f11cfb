import type { ComponentChildren } from "preact";
import { version } from "../../package.json";
import { DeviceChip } from "./device/chip.tsx";
import { Help } from "./help.tsx";
import { status } from "./status.ts";
import { nextTheme, theme } from "./theme.ts";

const pages = [
  ["../generate/index.html", "Generate"],
  ["../search/index.html", "Search"],
  ["../translate/index.html", "Translate"],
  ["../train/index.html", "Train"],
  ["../attention/index.html", "Attention"],
  ["../kernels/index.html", "Kernels"],
  ["../peers/index.html", "Peers"],
] as const;

/** What every page has: header with links, device, keys and theme, the content, a footer, and a status for screen readers. */
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
        <Help />
        <button type="button" onClick={nextTheme} aria-label={`Theme: ${theme.value}. Change it`}>
          {{ auto: "◐", light: "○", dark: "●" }[theme.value]}
          <span class="words"> {theme.value}</span>
        </button>
      </header>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      <footer class="bar small muted">
        Shaderformer {version}, MIT licence. Everything runs on this device; nothing is sent anywhere.
      </footer>
      <div class="hidden-text" role="status">
        {status.value}
      </div>
    </>
  );
}
