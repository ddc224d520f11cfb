import type { ComponentChildren } from "preact";
import { version } from "../../package.json";
import { DeviceChip } from "./device/chip.tsx";
import { Help } from "./help.tsx";
import { pages } from "./pages.ts";
import { status } from "./status.ts";
import { ThemeButton } from "./theme-button.tsx";

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
          {pages.map(([folder, name]) => (
            <a
              key={name}
              href={`../${folder}/index.html`}
              {...(name === page ? { "aria-current": "page" as const } : {})}
            >
              {name}
            </a>
          ))}
        </nav>
        <span class="space" />
        <DeviceChip />
        <Help />
        <ThemeButton />
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
