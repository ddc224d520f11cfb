import type { Diagnostic } from "@codemirror/lint";
import { effect, type ReadonlySignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { TokenClass } from "./wgsl-tokens.ts";

/** A problem in a line of the text, counted from 1. */
export interface LineProblem {
  readonly line: number;
  readonly message: string;
}

/** CodeMirror's names for our tokenizer's classes. */
const names: Readonly<Partial<Record<TokenClass, string>>> = {
  keyword: "keyword",
  type: "typeName",
  attribute: "attributeName",
  builtin: "macroName",
  number: "number",
  comment: "comment",
};

const load = () =>
  Promise.all([
    import("@codemirror/view"),
    import("@codemirror/state"),
    import("@codemirror/language"),
    import("@codemirror/commands"),
    import("@codemirror/lint"),
    import("@lezer/highlight"),
    import("./wgsl-tokens.ts"),
  ]);

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
  const { label, text, problems } = props;
  useEffect(() => {
    let gone = false;
    let destroy = () => {};
    const fetched = load().catch(() => {
      setMissing(true);
      gaveUp.current?.();
      return undefined;
    });
    void fetched.then((modules) => {
      const element = place.current;
      if (gone || !element || !modules) return;
      const [view, state, language, commands, lint, { tags }, { tokenAt }] = modules;
      const colours = language.HighlightStyle.define([
        { tag: tags.keyword, class: "wgsl-keyword" },
        { tag: tags.typeName, class: "wgsl-type" },
        { tag: tags.attributeName, class: "wgsl-attribute" },
        { tag: tags.macroName, class: "wgsl-builtin" },
        { tag: tags.number, class: "wgsl-number" },
        { tag: tags.comment, class: "wgsl-comment" },
      ]);
      const wgsl = language.StreamLanguage.define<{ inComment: boolean }>({
        startState: () => ({ inComment: false }),
        token: (stream, held) => {
          const line = stream.string;
          if (held.inComment) {
            const end = line.indexOf("*/", stream.pos);
            held.inComment = end < 0;
            stream.pos = end < 0 ? line.length : end + 2;
            return "comment";
          }
          const token = tokenAt(line, stream.pos);
          stream.pos += token.text.length;
          held.inComment = token.text.startsWith("/*") && !token.text.endsWith("*/");
          return names[token.kind] ?? null;
        },
      });
      const given = state.Annotation.define<boolean>(); // the text was set, not edited
      const instance = new view.EditorView({
        parent: element,
        doc: text.peek(),
        extensions: [
          view.lineNumbers(),
          commands.history(),
          view.keymap.of([...commands.defaultKeymap, ...commands.historyKeymap]),
          wgsl,
          language.syntaxHighlighting(colours),
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
