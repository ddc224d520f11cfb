import { useEffect, useRef, useState } from "preact/hooks";

const load = () =>
  Promise.all([
    import("@codemirror/view"),
    import("@codemirror/state"),
    import("@codemirror/language"),
    import("@codemirror/merge"),
    import("@lezer/highlight"),
    import("../../shell/code/wgsl-language.ts"),
  ]);

/** What a text changes in another, fetched when first shown. Unchanged runs are folded. */
export function Diff({ label, before, after }: { label: string; before: string; after: string }) {
  const place = useRef<HTMLDivElement>(null);
  const [missing, setMissing] = useState(false);
  useEffect(() => {
    let gone = false;
    let destroy = () => {};
    const show = async () => {
      const [view, state, language, merge, highlight, { wgslLanguage }] = await load();
      if (gone || !place.current) return;
      const shown = new view.EditorView({
        parent: place.current,
        doc: after,
        extensions: [
          view.lineNumbers(),
          wgslLanguage(language, highlight),
          state.EditorState.readOnly.of(true),
          view.EditorView.editable.of(false),
          view.EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
          merge.unifiedMergeView({
            original: before,
            mergeControls: false,
            collapseUnchanged: { margin: 3, minSize: 6 },
          }),
        ],
      });
      destroy = () => shown.destroy();
    };
    show().catch(() => setMissing(true));
    return () => {
      gone = true;
      destroy();
    };
  }, [label, before, after]);
  if (missing)
    return <p class="problem">The comparison could not be fetched. Reload the page when the network is back.</p>;
  return <div class="editor diff" ref={place} />;
}
