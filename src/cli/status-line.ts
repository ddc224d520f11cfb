/** One line on stderr that says what happens now, where that is a terminal; it is not there while others print. */
export interface StatusLine {
  /** Shows another text in place of the one before. */
  show(text: string): void;
  /** Takes the line away. */
  clear(): void;
}

/** A status line. */
export function statusLine({ stderr } = process): StatusLine {
  if (!stderr.isTTY || process.env["TERM"] === "dumb") return { show: () => {}, clear: () => {} };
  const write = (text: string) => stderr.write(`\r\x1b[K${text}`);
  return {
    show: (text) => void write(text.slice(0, Math.max(0, stderr.columns - 1))),
    clear: () => void write(""),
  };
}
