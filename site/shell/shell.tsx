import type { ComponentChildren } from "preact";
import { version } from "../../package.json";
import { DeviceChip } from "./device/chip.tsx";
import { pages } from "./head/pages.ts";
import { ThemeButton } from "./head/theme-button.tsx";
import { Help } from "./help.tsx";
import { status } from "./status.ts";

interface ShellProps {
  readonly page: string;
  /** Further skip links, by id: for a page whose main button comes after many others. */
  readonly skips?: readonly { readonly to: string; readonly words: string }[];
  readonly children: ComponentChildren;
}

/**
 * The frame of every page: header with links, device, keys and theme, the content, a footer, and a status for screen
 * readers.
 */
export function Shell({ page, skips = [], children }: ShellProps) {
  return (
    <>
      {[{ to: "content", words: "Skip to the content" }, ...skips].map(({ to, words }) => (
        <a
          key={to}
          class="skip"
          href={`#${to}`}
          onClick={(event) => {
            event.preventDefault(); // the fragment is the page's state
            document.getElementById(to)?.focus();
          }}
        >
          {words}
        </a>
      ))}
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
