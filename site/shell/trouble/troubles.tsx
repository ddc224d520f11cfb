import { CopyButton } from "../copy-button.tsx";
import { reportOf, type Trouble } from "./trouble.ts";

const words = { error: "✗ Error", warning: "! Warning" } as const;

/** Troubles, each with its cause, what to do and a report to copy; notes share one report. */
export function Troubles({ troubles }: { troubles: readonly Trouble[] }) {
  const notes = troubles.filter(({ level }) => level === "note");
  return (
    <>
      {troubles.map((trouble) =>
        trouble.level === "note" ? null : (
          <div
            key={trouble.key}
            class={`notice ${trouble.level}`}
            data-trouble={trouble.key}
            role={trouble.level === "error" ? "alert" : undefined}
          >
            <p>
              <strong>{words[trouble.level]}.</strong> {trouble.says} {trouble.todo}
            </p>
            <p class="row">
              {trouble.action && (
                <button type="button" onClick={trouble.action.run}>
                  {trouble.action.name}
                </button>
              )}
              <CopyButton what="Report" text={() => reportOf([trouble])}>
                Copy report
              </CopyButton>
            </p>
          </div>
        ),
      )}
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
