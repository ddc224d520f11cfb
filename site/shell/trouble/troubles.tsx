import { CopyButton } from "../controls/copy-button.tsx";
import { seenBefore } from "./seen.ts";
import { reportOf, type Trouble } from "./trouble.ts";

const words = { error: "✗ Error", warning: "! Warning" } as const;

/** A problem with what to do. Folded if this visitor has seen it in full on another page. */
function Notice({ trouble }: { trouble: Trouble }) {
  const { key, level, says, todo, action, folded } = trouble;
  if (level === "note") return null;
  const begins = <strong>{words[level]}.</strong>;
  const whole = (
    <>
      <p>
        {folded === undefined && begins} {says} {todo}
      </p>
      <p class="row">
        {action && (
          <button type="button" onClick={action.run}>
            {action.name}
          </button>
        )}
        <CopyButton what="Report" text={() => reportOf([trouble])}>
          Copy report
        </CopyButton>
      </p>
    </>
  );
  if (folded !== undefined) {
    return (
      <details class={`notice ${level}`} data-trouble={key} open={!seenBefore(key)}>
        <summary>
          {begins} {folded}
        </summary>
        {whole}
      </details>
    );
  }
  return (
    <div class={`notice ${level}`} data-trouble={key} role={level === "error" ? "alert" : undefined}>
      {whole}
    </div>
  );
}

/** Problems, each with its cause, what to do and a report to copy; notes share one report. */
export function Troubles({ troubles }: { troubles: readonly Trouble[] }) {
  const notes = troubles.filter(({ level }) => level === "note");
  return (
    <>
      {troubles.map((trouble) => trouble.level !== "note" && <Notice key={trouble.key} trouble={trouble} />)}
      {notes.length > 0 && (
        <details class="notes">
          <summary>
            {notes.length === 1 ? "One thing" : `${notes.length} things`} to know about this device and these figures
          </summary>
          <ul>
            {notes.map(({ key, says, todo, action }) => (
              <li key={key} data-trouble={key}>
                {says} {todo}{" "}
                {action && (
                  <button type="button" onClick={action.run}>
                    {action.name}
                  </button>
                )}
              </li>
            ))}
          </ul>
          <CopyButton what="Report" text={() => reportOf(notes)}>
            Copy report
          </CopyButton>
        </details>
      )}
    </>
  );
}
