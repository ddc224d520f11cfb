import { signal } from "@preact/signals";
import type { FunctionComponent } from "preact";
import { useRef } from "preact/hooks";
import { load } from "../model/load.ts";
import { ExportPanel } from "./export-panel.tsx";
import { SamplingPanel } from "./sampling-panel.tsx";
import { StorageTab } from "./storage-tab.tsx";
import { AttentionPanel, ExpertsPanel, TokensPanel } from "./tokens-panel.tsx";

const panels = {
  sampling: ["Sampling", SamplingPanel],
  tokens: ["Tokens", TokensPanel],
  attention: ["Attention", AttentionPanel],
  experts: ["Experts", ExpertsPanel],
  storage: ["Storage", StorageTab],
  export: ["Export", ExportPanel],
} as const satisfies Readonly<Record<string, readonly [string, FunctionComponent]>>;

type PanelName = keyof typeof panels;
const open = signal<PanelName>("sampling");

/** The drawer next to the text: settings, and views into the model. */
export function Drawer() {
  const list = useRef<HTMLDivElement>(null);
  const experts = load.value.kind === "ready" && load.value.info.experts !== undefined;
  const names = (Object.keys(panels) as PanelName[]).filter((name) => name !== "experts" || experts);
  const shown = names.includes(open.value) ? open.value : "sampling";
  const [, Panel] = panels[shown];
  const go = (step: number) => {
    const next = names[(names.indexOf(shown) + step + names.length) % names.length] ?? "sampling";
    open.value = next;
    list.current?.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  };
  return (
    <>
      <div
        ref={list}
        role="tablist"
        aria-label="Settings and views into the model"
        class="tabs"
        onKeyDown={(event) => {
          const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (step === undefined) return;
          event.preventDefault();
          go(step);
        }}
      >
        {names.map((name) => (
          <button
            key={name}
            id={`tab-${name}`}
            type="button"
            role="tab"
            aria-selected={name === shown}
            aria-controls="drawer-panel"
            tabIndex={name === shown ? 0 : -1}
            onClick={() => {
              open.value = name;
            }}
          >
            {panels[name][0]}
          </button>
        ))}
      </div>
      <div id="drawer-panel" role="tabpanel" aria-labelledby={`tab-${shown}`}>
        <Panel />
      </div>
    </>
  );
}
