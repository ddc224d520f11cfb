import { signal } from "@preact/signals";

/** Polite announcements for screen readers: starts, ends and confirmations, never progress. */
export const status = signal("");

export const say = (text: string): void => {
  status.value = text;
};

/** Copies text, with an HTML form if given; announces success or the reason for failure. */
export async function copy(what: string, text: string, html?: string): Promise<boolean> {
  try {
    if (html === undefined) await navigator.clipboard.writeText(text);
    else {
      const part = (content: string, type: string) => new Blob([content], { type });
      const forms = { "text/plain": part(text, "text/plain"), "text/html": part(html, "text/html") };
      await navigator.clipboard.write([new ClipboardItem(forms)]);
    }
    say(`${what} copied`);
    return true;
  } catch (error) {
    say(`${what} could not be copied: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

/** Saves a file for the reader. */
export function download(name: string, content: Blob | string, type = "text/plain"): void {
  const url = URL.createObjectURL(typeof content === "string" ? new Blob([content], { type }) : content);
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  say(`${name} saved`);
}
