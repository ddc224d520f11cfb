import type { Diagnostic } from "@codemirror/lint";
import { useEffect, useRef, useState } from "preact/hooks";
import type { TokenClass } from "./wgsl-tokens.ts";

/** What is wrong with a line of the text, counted from 1. */
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
 * An editor for WGSL, fetched when it is first shown. Tab moves on, as everywhere on the page.
 */
export function WgslEditor(props: {
  label: string;
  text: string;
  onChange: (text: string) => void;
  problems: readonly LineProblem[];
  /** Called when the editor could not be fetched; a plain field replaces it. */
  onMissing?: () => void;
}) {
  const [missing, setMissing] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<{
    set: (text: string) => void;
    mark: (problems: readonly LineProblem[]) => void;
  }>(null);
  const changed = useRef(props.onChange);
  changed.current = props.onChange;
  const gaveUp = useRef(props.onMissing);
  gaveUp.current = props.onMissing;
  const { label, text, problems } = props;
  const first = useRef(text);
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
      const instance = new view.EditorView({
        parent: element,
        doc: first.current,
        extensions: [
          view.lineNumbers(),
          commands.history(),
          view.keymap.of([...commands.defaultKeymap, ...commands.historyKeymap]),
          wgsl,
          language.syntaxHighlighting(colours),
          lint.lintGutter(),
          view.EditorView.contentAttributes.of({ "aria-label": label }),
          view.EditorView.updateListener.of((update) => {
            if (update.docChanged) changed.current(update.state.doc.toString());
          }),
          state.EditorState.tabSize.of(2),
        ],
      });
      destroy = () => instance.destroy();
      editor.current = {
        set: (next) => {
          if (next === instance.state.doc.toString()) return;
          instance.dispatch({ changes: { from: 0, to: instance.state.doc.length, insert: next } });
        },
        mark: (found) => {
          const { doc } = instance.state;
          const diagnostics = found.map(({ line, message }): Diagnostic => {
            const { from, to } = doc.line(Math.max(1, Math.min(line, doc.lines)));
            return { from, to, severity: "error", message };
          });
          instance.dispatch(lint.setDiagnostics(instance.state, diagnostics));
        },
      };
    });
    return () => {
      gone = true;
      destroy();
    };
  }, [label]);
  useEffect(() => editor.current?.set(text), [text]);
  useEffect(() => editor.current?.mark(problems), [problems]);
  if (missing) {
    return (
      <textarea
        aria-label={label}
        rows={10}
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => changed.current(currentTarget.value)}
      />
    );
  }
  return <div class="editor" ref={place} />;
}
