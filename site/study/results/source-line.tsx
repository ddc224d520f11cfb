import * as state from "../state.ts";

/** A line of the joined text, with its file. */
export function SourceLine({ line }: { line: number }) {
  const place = state.placeOf(line);
  const text = state.joined.value.code.split("\n")[line - 1] ?? "";
  return (
    <pre class="source-line">
      <span class="muted">
        {place?.file}:{place?.line}
      </span>
      {"\n"}
      {text.trim()}
    </pre>
  );
}
