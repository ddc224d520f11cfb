// Kernels as HTML, generated when the site is built, so that their page needs no script: a plugin for Vite.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { type TokenClass, wgslTokens } from "../shell/code/wgsl-tokens.ts";

const plain: ReadonlySet<TokenClass> = new Set(["name", "sign", "space"]);
const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** WGSL as HTML, in the colours of the editor. */
export const wgslHtml = (text: string): string =>
  wgslTokens(text)
    .map((token) =>
      plain.has(token.kind) ? escaped(token.text) : `<span class="wgsl-${token.kind}">${escaped(token.text)}</span>`,
    )
    .join("");

/** Replaces `<!-- kernel: NAME -->` by a kernel's file. */
export const kernelsWritten: Plugin = {
  name: "kernels-written",
  transformIndexHtml: {
    order: "pre",
    handler: (html) =>
      html.replace(/<!-- kernel: (\S+) -->/g, (_, name: string) => {
        const text = readFileSync(fileURLToPath(new URL(`../../shaders/${name}.wgsl`, import.meta.url)), "utf8");
        const lines = text.trimEnd().split("\n").length;
        return `<details>
          <summary><code>shaders/${name}.wgsl</code>, ${lines} lines</summary>
          <pre class="frame" tabindex="0" role="region" aria-label="${name}.wgsl"><code>${wgslHtml(text.trimEnd())}</code></pre>
        </details>`;
      }),
  },
};
