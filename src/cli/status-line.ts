import { lineColumns } from "./terminal.ts";

/** One line on stderr with the current activity, where that is a terminal; it is hidden while others print. */
export interface StatusLine {
  /** Replaces the text. */
  show(text: string): void;
  /** Removes the line. */
  clear(): void;
}

/** A status line. */
export function statusLine({ stderr } = process): StatusLine {
  if (!stderr.isTTY || process.env["TERM"] === "dumb") return { show: () => {}, clear: () => {} };
  const write = (text: string) => stderr.write(`\r\x1b[K${text}`);
  return {
    show: (text) => void write(text.slice(0, Math.max(0, lineColumns(stderr) - 1))),
    clear: () => void write(""),
  };
}
