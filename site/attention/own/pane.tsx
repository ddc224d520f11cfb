import { computed } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { type LineProblem, WgslEditor } from "../../shell/code/wgsl-editor.tsx";
import { CopyButton } from "../../shell/controls/copy-button.tsx";
import { device } from "../../shell/device/device.ts";
import { offline } from "../results/results.ts";
import { choose, own, setup } from "../state.ts";
import { checkInWorker } from "../worker/client.ts";
import { type OwnFunction, ownExamples, ownName } from "./function.ts";

const none: readonly LineProblem[] = [];
const wgsl = computed(() => own.value?.wgsl ?? "");

/** Changes a text of the function. */
function edit(change: Partial<OwnFunction>): void {
  if (own.value) own.value = { ...own.value, ...change };
}

/** Edits the reader's own mask or score: checked while typing, measured like every other. */
export function OwnPane() {
  const written = own.value;
  const found = useCheck(written);
  return (
    <section aria-label="A mask or score of your own" class="own">
      <h2>A mask or score of your own</h2>
      <p class="small">
        A function in WGSL, joined unchanged with every kernel, and its twin for the float64 reference: the same as an
        expression in <code>b</code>, <code>h</code>, <code>q</code>, <code>k</code> (and <code>score</code>). Positions
        are absolute. The function runs only when you press Run; Stop ends even an endless loop.
      </p>
      <div class="row">
        {ownExamples.map((example) => (
          <button key={example.name} type="button" onClick={() => use(example.own)}>
            {example.name}
          </button>
        ))}
        {written && (
          <>
            <CopyButton what="Function" text={() => written.wgsl}>
              Copy code
            </CopyButton>
            <button type="button" onClick={() => use(undefined)}>
              Remove
            </button>
          </>
        )}
      </div>
      {written && (
        <>
          <WgslEditor
            label={`WGSL of your ${written.kind}`}
            text={wgsl}
            problems={found ?? none}
            onMissing={() => {
              offline.value = true;
            }}
            onChange={(text) => edit({ wgsl: text })}
          />
          <label class="field">
            <span>Twin: the same, for the reference</span>
            <input
              value={written.twin}
              spellcheck={false}
              onInput={({ currentTarget }) => edit({ twin: currentTarget.value })}
            />
          </label>
          <div role="status" class="small">
            {found === undefined ? (
              <span class="muted">
                {device.value.kind === "ready" ? "compiling…" : "It will be compiled when there is a GPU."}
              </span>
            ) : found.length === 0 ? (
              <span class="muted">It compiles. The first result shows whether function and twin agree.</span>
            ) : (
              found.map(({ line, message }) => (
                <pre key={message} class="problem">
                  {line > 0 ? `line ${line}: ` : ""}
                  {message}
                </pre>
              ))
            )}
          </div>
        </>
      )}
    </section>
  );
}

/** Sets a function, or none, and chooses it. */
function use(next: OwnFunction | undefined): void {
  const masks = setup.value.masks.filter((name) => name !== ownName);
  own.value = next;
  choose({
    masks: next?.kind === "mask" ? [...masks, ownName] : masks.length > 0 ? masks : ["causal"],
    score: next?.kind === "score" ? ownName : setup.value.score === ownName ? "none" : setup.value.score,
  });
}

/** The problems of a function, a third of a second after the last change; undefined until they are known. */
function useCheck(written: OwnFunction | undefined): readonly LineProblem[] | undefined {
  const [found, setFound] = useState<readonly LineProblem[] | undefined>();
  const ready = device.value.kind === "ready";
  useEffect(() => {
    setFound(undefined);
    if (!written || !ready) return;
    let stale = false;
    const timer = setTimeout(() => {
      void checkInWorker(written).then((problems) => {
        if (!stale) setFound(problems);
      });
    }, 300);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [written, ready]);
  return found;
}
