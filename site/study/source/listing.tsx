import { useEffect, useMemo, useRef } from "preact/hooks";
import type { WgslToken } from "../../shell/code/wgsl-tokens.ts";
import type { FileLine } from "../worker/protocol.ts";
import { tokensByLine } from "./lines.ts";

/** What is known of a line in addition to its text. */
export interface LineMark {
  readonly words: string;
  readonly level: "fault" | "warning" | "note";
}

interface ListingProps {
  readonly file: string;
  readonly text: string;
  /** Where the run stands, if it is in this file. */
  readonly here: number | undefined;
  /** Where callers of the function stand that the run is in. */
  readonly callers: readonly number[];
  readonly stops: readonly number[];
  readonly marks: ReadonlyMap<number, readonly LineMark[]>;
  readonly onStop: (place: FileLine) => void;
  /** A name in the text, or a marked piece of it, that the reader points at. */
  readonly onPick: (text: string, line: number) => void;
}

/** A file to read, with the line at which the run stands. A press on a line's number sets or clears a stop. */
export function Listing(props: ListingProps) {
  const { file, text, here, callers, stops, marks, onStop, onPick } = props;
  // The same nodes at each step: what is the same is not compared.
  const codes = useMemo(
    () => tokensByLine(text).map((tokens, i) => <Code key="code" tokens={tokens} line={i + 1} onPick={onPick} />),
    [text, onPick],
  );
  const frame = useRef<HTMLElement>(null);
  useEffect(() => {
    const box = frame.current;
    const line = box?.querySelector<HTMLElement>(".line.here");
    if (!box || !line) return;
    const [top, height] = [line.offsetTop - box.offsetTop, line.offsetHeight];
    if (top < box.scrollTop + height || top + 3 * height > box.scrollTop + box.clientHeight)
      box.scrollTop = top - box.clientHeight / 3;
  }, [here, file]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section class="frame listing" tabIndex={0} ref={frame} aria-label={`${file}.wgsl`} id="listing">
      <div class="lines">
        {codes.map((code, i) => {
          const line = i + 1;
          const isHere = line === here;
          const kinds = `${isHere ? " here" : ""}${callers.includes(line) ? " caller" : ""}${stops.includes(line) ? " stop" : ""}`;
          return (
            <div key={line} class={`line${kinds}`} aria-current={isHere ? "step" : undefined}>
              <button
                type="button"
                class="line-number"
                tabIndex={-1}
                aria-pressed={stops.includes(line)}
                aria-label={`Stop at line ${line}`}
                onClick={() => onStop({ file, line })}
              >
                {line}
              </button>
              {code}
              <span class="line-marks">
                {marks.get(line)?.map(({ words, level }) => (
                  <span key={words} class={`line-mark ${level}`}>
                    {words}
                  </span>
                ))}
              </span>
            </div>
          );
        })}
      </div>
    </section>
  );
}

interface CodeProps {
  readonly tokens: readonly WgslToken[];
  readonly line: number;
  readonly onPick: ListingProps["onPick"];
}

function Code({ tokens, line, onPick }: CodeProps) {
  const pick = ({ target }: MouseEvent) => {
    const marked = getSelection()?.toString().trim() ?? "";
    if (marked !== "" && !marked.includes("\n")) return onPick(marked, line);
    if (target instanceof HTMLElement && target.dataset["name"] !== undefined) onPick(target.dataset["name"], line);
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the same
    <code class="line-code" onClick={pick}>
      {tokens.map(({ text, kind }, i) =>
        kind === "sign" || kind === "space" ? (
          text
        ) : kind === "name" ? (
          <span key={i} data-name={text}>
            {text}
          </span>
        ) : (
          <span key={i} class={`wgsl-${kind}`}>
            {text}
          </span>
        ),
      )}
    </code>
  );
}
