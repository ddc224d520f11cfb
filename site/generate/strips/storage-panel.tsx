import { useEffect, useState } from "preact/hooks";
import type { EngineStorage } from "../../../src/engine/engine.ts";
import type { CachedModel } from "../../../src/formats/hub/model-cache.ts";
import { TableFrame } from "../../shell/controls/table-frame.tsx";
import { fileSize } from "../../shell/format.ts";
import { say } from "../../shell/status.ts";

type Estimate = Awaited<ReturnType<EngineStorage["estimate"]>>;
type Contents = { readonly models: readonly CachedModel[]; readonly estimate: Estimate };
type State =
  | { readonly kind: "reading" }
  | { readonly kind: "failed"; readonly why: string }
  | ({ readonly kind: "ready" } & Contents);

const words = (error: unknown) => (error instanceof Error ? error.message : String(error));
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

/** A name as it is; of an address, the folder. */
const shortName = (name: string) => (/^https?:/.test(name) ? (name.split("/").filter(Boolean).at(-1) ?? name) : name);

/**
 * The models stored in this browser: size, last use, deletion of one or all, total and quota, and the request to keep
 * them. `changed` is any value that changes when a load may have changed the storage.
 */
export function StoragePanel({ storage, changed }: { storage: EngineStorage; changed?: unknown }) {
  const [state, setState] = useState<State>({ kind: "reading" });
  const [asked, setAsked] = useState<string>();
  const [said, setSaid] = useState("");
  const read = async () => {
    try {
      const [models, estimate] = await Promise.all([storage.list(), storage.estimate()]);
      setState({ kind: "ready", models, estimate });
    } catch (error) {
      setState({ kind: "failed", why: words(error) });
    }
  };
  useEffect(() => void read(), [storage, changed]);
  const tell = (text: string) => {
    setSaid(text);
    say(text);
  };
  const act = async (done: string, action: () => Promise<unknown>) => {
    setAsked(undefined);
    await action().then(
      () => tell(done),
      (error: unknown) => tell(words(error)),
    );
    await read();
  };
  const keep = () =>
    storage.persist().then(
      (kept) =>
        tell(
          kept
            ? "The browser keeps these files until you delete them."
            : "The browser does not promise to keep these files; it may delete them when it needs space.",
        ),
      (error: unknown) => tell(words(error)),
    );
  if (state.kind === "reading") return <p class="small muted">Reading what is kept…</p>;
  if (state.kind === "failed")
    return (
      <div class="notice">
        <p>What this browser keeps cannot be read: {state.why}</p>
        <button type="button" onClick={() => void read()}>
          Try again
        </button>
      </div>
    );
  const { models, estimate } = state;
  const allowed = estimate.quota === undefined ? "" : ` of ${fileSize(estimate.quota)} that the browser allows`;
  return (
    <div class="storage">
      {models.length === 0 ? (
        <p class="small muted">No model's files are kept in this browser.</p>
      ) : (
        <TableFrame label="Kept models">
          <table>
            <thead>
              <tr>
                <th scope="col">model and last use</th>
                <th scope="col" class="number">
                  size
                </th>
                <th scope="col">
                  <span class="hidden-text">delete</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {models.map(({ id, name, bytes, complete, lastUsed }) => (
                <tr key={id}>
                  <th scope="row" class="stored-name" title={name}>
                    {shortName(name)}
                    {!complete && " (in part)"}
                    <span class="small muted"> last used {date.format(lastUsed)}</span>
                  </th>
                  <td class="number">{fileSize(bytes)}</td>
                  <td>
                    <Sure
                      asked={asked === id}
                      what={shortName(name)}
                      ask={setAsked}
                      id={id}
                      sure={() => act(`${name} deleted`, () => storage.delete(id))}
                    />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableFrame>
      )}
      <p class="row small">
        <span>
          {fileSize(estimate.used)}
          {allowed} {allowed ? "are used" : "used"}
        </span>
        {models.length > 0 && (
          <Sure
            asked={asked === ""}
            what="all"
            ask={setAsked}
            id=""
            sure={() => act("All kept models deleted", () => storage.deleteAll())}
          />
        )}
        {models.length > 0 && (
          <button type="button" onClick={() => void keep()}>
            Keep offline
          </button>
        )}
      </p>
      {said && <p class="small">{said}</p>}
    </div>
  );
}

/** A deletion with an inline confirmation. */
function Sure({
  asked,
  what,
  id,
  ask,
  sure,
}: {
  asked: boolean;
  what: string;
  id: string;
  ask: (id: string | undefined) => void;
  sure: () => Promise<void>;
}) {
  if (!asked)
    return (
      <button type="button" aria-label={`Delete ${what}`} onClick={() => ask(id)}>
        {what === "all" ? "Delete all" : "Delete"}
      </button>
    );
  return (
    <span class="row">
      <button type="button" class="dangerous" onClick={() => void sure()}>
        Delete {what}
      </button>
      <button type="button" onClick={() => ask(undefined)}>
        Keep
      </button>
    </span>
  );
}
