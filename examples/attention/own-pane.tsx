import { useEffect, useState } from "preact/hooks";
import { device } from "../site/device.ts";
import { type LineProblem, WgslEditor } from "../site/wgsl-editor.tsx";
import { checkOwn, type OwnFunction, ownExamples, ownName } from "./own-function.ts";
import { choose, own, setup } from "./state.ts";

/** Writes a mask or score of one's own: checked while one types, measured like every other. */
export function OwnPane() {
  const written = own.value;
  const found = useCheck(written);
  return (
    <section aria-label="A mask or score of your own" class="own">
      <h2>A mask or score of your own</h2>
      <p class="small">
        A function in WGSL, joined with every kernel as it is, and the same as an expression in <code>b</code>,{" "}
        <code>h</code>, <code>q</code>, <code>k</code> (and <code>score</code>), by which the reference goes. Positions
        are absolute. It runs when you press Run, and not before.
      </p>
      <div class="row">
        {ownExamples.map((example) => (
          <button key={example.name} type="button" onClick={() => use(example.own)}>
            {example.name}
          </button>
        ))}
        {written && (
          <button type="button" onClick={() => use(undefined)}>
            Remove
          </button>
        )}
      </div>
      {written && (
        <>
          <WgslEditor
            label={`WGSL of your ${written.kind}`}
            text={written.wgsl}
            problems={found}
            onChange={(wgsl) => {
              own.value = { ...written, wgsl };
            }}
          />
          <label class="field">
            <span>The same, for the reference</span>
            <input
              value={written.twin}
              spellcheck={false}
              onInput={({ currentTarget }) => {
                own.value = { ...written, twin: currentTarget.value };
              }}
            />
          </label>
          <div role="status" class="small">
            {found.length === 0 ? (
              <span class="muted">It compiles. Whether both say the same is checked with the first result.</span>
            ) : (
              found.map(({ line, message }) => (
                <pre key={message} class="problem" style="overflow-x: auto; margin: 0">
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

/** Takes a function, or none, and chooses it. */
function use(next: OwnFunction | undefined): void {
  const masks = setup.value.masks.filter((name) => name !== ownName);
  own.value = next;
  choose({
    masks: next?.kind === "mask" ? [...masks, ownName] : masks.length > 0 ? masks : ["causal"],
    score: next?.kind === "score" ? ownName : setup.value.score === ownName ? "none" : setup.value.score,
  });
}

/** The problems of a function, a third of a second after the last change. */
function useCheck(written: OwnFunction | undefined): readonly LineProblem[] {
  const [found, setFound] = useState<readonly LineProblem[]>([]);
  const state = device.value;
  useEffect(() => {
    if (!written || state.kind !== "ready") return;
    let stale = false;
    const timer = setTimeout(() => {
      checkOwn(state.gpu, written).then(
        (problems) => {
          if (!stale) setFound(problems);
        },
        (error: Error) => {
          if (!stale) setFound([{ line: 0, message: error.message }]);
        },
      );
    }, 300);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [written, state]);
  return found;
}
