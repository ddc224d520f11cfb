import type { Diagnostic } from "@codemirror/lint";
import type { Extension } from "@codemirror/state";
import { effect, type ReadonlySignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";

/** A problem in a line of the text, counted from 1. */
export interface LineProblem {
  readonly line: number;
  readonly message: string;
}

const load = () =>
  Promise.all([
    import("@codemirror/view"),
    import("@codemirror/state"),
    import("@codemirror/language"),
    import("@codemirror/commands"),
    import("@codemirror/lint"),
    import("@lezer/highlight"),
    import("./wgsl-language.ts"),
  ]);

/** Offers names that begin with what is typed. */
const completing = (
  { autocompletion }: typeof import("@codemirror/autocomplete"),
  names: () => readonly string[],
): Extension =>
  autocompletion({
    override: [
      (context) => {
        const word = context.matchBefore(/[A-Za-z_]\w*/);
        if (!word && !context.explicit) return null;
        return { from: word?.from ?? context.pos, options: names().map((label) => ({ label })), validFor: /^\w*$/ };
      },
    ],
  });

/**
 * An editor for WGSL, fetched when first shown. Tab moves the focus, as everywhere on the page.
 *
 * The text is a signal, which the editor follows immediately: a text arriving with the next rendering would undo what
 * was typed since. Only the reader's edits are reported.
 */
export function WgslEditor(props: {
  label: string;
  text: ReadonlySignal<string>;
  onChange: (text: string) => void;
  problems: readonly LineProblem[];
  /** Names to offer while one is typed; without it nothing is offered. */
  names?: () => readonly string[];
  /** Called when the editor could not be fetched; a plain field replaces it. */
  onMissing?: () => void;
}) {
  const [missing, setMissing] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const mark = useRef<(problems: readonly LineProblem[]) => void>(null);
  const changed = useRef(props.onChange);
  changed.current = props.onChange;
  const gaveUp = useRef(props.onMissing);
  gaveUp.current = props.onMissing;
  const complete = useRef(props.names);
  complete.current = props.names;
  const { label, text, problems } = props;
  const latest = useRef(problems);
  latest.current = problems;
  useEffect(() => {
    let gone = false;
    let destroy = () => {};
    const fetched = load().catch(() => {
      setMissing(true);
      gaveUp.current?.();
      return undefined;
    });
    void fetched.then(async (modules) => {
      const element = place.current;
      if (gone || !element || !modules) return;
      const [view, state, language, commands, lint, highlight, { wgslLanguage }] = modules;
      const completion = complete.current ? await import("@codemirror/autocomplete").catch(() => undefined) : undefined;
      if (gone) return;
      const given = state.Annotation.define<boolean>(); // the text was set, not edited
      const instance = new view.EditorView({
        parent: element,
        doc: text.peek(),
        extensions: [
          view.lineNumbers(),
          commands.history(),
          view.keymap.of([...commands.defaultKeymap, ...commands.historyKeymap]),
          wgslLanguage(language, highlight),
          completion ? completing(completion, () => complete.current?.() ?? []) : [],
          lint.lintGutter(),
          view.EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
          view.EditorView.updateListener.of((update) => {
            if (update.docChanged && !update.transactions.some((one) => one.annotation(given)))
              changed.current(update.state.doc.toString());
          }),
          state.EditorState.tabSize.of(2),
        ],
      });
      const unfollow = effect(() => {
        const next = text.value;
        const { doc } = instance.state;
        if (next === doc.toString()) return;
        instance.dispatch({ changes: { from: 0, to: doc.length, insert: next }, annotations: given.of(true) });
      });
      destroy = () => {
        unfollow();
        instance.destroy();
      };
      mark.current = (found) => {
        const { doc } = instance.state;
        const diagnostics = found.map(({ line, message }): Diagnostic => {
          const { from, to } = doc.line(Math.max(1, Math.min(line, doc.lines)));
          return { from, to, severity: "error", message };
        });
        instance.dispatch(lint.setDiagnostics(instance.state, diagnostics));
      };
      mark.current(latest.current);
    });
    return () => {
      gone = true;
      destroy();
    };
  }, [label, text]);
  useEffect(() => mark.current?.(problems), [problems]);
  if (missing) {
    return (
      <textarea
        aria-label={label}
        rows={10}
        spellcheck={false}
        value={text.value}
        onInput={({ currentTarget }) => changed.current(currentTarget.value)}
      />
    );
  }
  return <div class="editor" ref={place} />;
}
