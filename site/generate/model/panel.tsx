import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { device } from "../../shell/device/device.ts";
import { count, counted, memory } from "../../shell/format.ts";
import { choice, choose } from "../state.ts";
import { type BundledName, bundled, hostOf, type ModelChoice } from "./choice.ts";
import { FilesField } from "./files-field.tsx";
import { HubFields } from "./hub-fields.tsx";
import { hub, leaveModel, load } from "./load.ts";
import { LoadBar } from "./load-bar.tsx";
import { PlanCard } from "./plan-card.tsx";

const tabs: readonly (readonly [ModelChoice["kind"], string])[] = [
  ["bundled", "Bundled"],
  ["hub", "Hugging Face"],
  ["address", "Address"],
  ["files", "Your files"],
];

const empty: Readonly<Record<ModelChoice["kind"], ModelChoice>> = {
  bundled: { kind: "bundled", name: "voices-dense" },
  hub: { kind: "hub", text: "" },
  address: { kind: "address", text: "" },
  files: { kind: "files", name: "", files: {} },
};

/** The model: its choice, its requirements, and its load. */
export function ModelPanel() {
  const state = load.value;
  if (state.kind === "ready") return <Loaded />;
  const busy = state.kind === "loading" || state.kind === "paused";
  return (
    <section class="model" aria-label="Model">
      {busy ? <LoadBar /> : <Choice />}
    </section>
  );
}

function Choice() {
  const chosen = choice.value;
  return (
    <>
      <h2>Model</h2>
      <Tabs chosen={chosen.kind} />
      <div role="tabpanel" id="source" aria-labelledby={`tab-${chosen.kind}`} class="source">
        {chosen.kind === "bundled" && <Bundled chosen={chosen.name} />}
        {(chosen.kind === "hub" || chosen.kind === "address") && <HubFields chosen={chosen} />}
        {chosen.kind === "files" && <FilesField chosen={chosen} />}
      </div>
      <PlanCard />
      <p class="small muted privacy">{privacy(chosen)}</p>
    </>
  );
}

/** The origin of files, and what leaves the device. */
function privacy(chosen: ModelChoice): string {
  if (chosen.kind === "files") return "Your files are read here and go nowhere. Your text stays on this device, too.";
  const host = hostOf(chosen, hub.value.endpoint);
  const from = chosen.kind === "bundled" ? "this site" : (host ?? "the host that you name");
  return `The model's files come from ${from}; your text stays on this device. No analytics.`;
}

function Tabs({ chosen }: { chosen: ModelChoice["kind"] }) {
  const list = useRef<HTMLDivElement>(null);
  const go = (step: number) => {
    const at = tabs.findIndex(([kind]) => kind === chosen);
    const [kind] = tabs[(at + step + tabs.length) % tabs.length] ?? ["bundled"];
    choose(empty[kind]);
    list.current?.querySelector<HTMLElement>(`#tab-${kind}`)?.focus();
  };
  return (
    <div
      ref={list}
      role="tablist"
      aria-label="Where the model comes from"
      class="tabs"
      onKeyDown={(event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (step === undefined) return;
        event.preventDefault();
        go(step);
      }}
    >
      {tabs.map(([kind, name]) => (
        <button
          key={kind}
          id={`tab-${kind}`}
          type="button"
          role="tab"
          aria-selected={kind === chosen}
          aria-controls="source"
          tabIndex={kind === chosen ? 0 : -1}
          onClick={() => kind !== chosen && choose(empty[kind])}
        >
          {name}
        </button>
      ))}
    </div>
  );
}

function Bundled({ chosen }: { chosen: BundledName }) {
  return (
    <div class="bundled" role="radiogroup" aria-label="Bundled models">
      {Object.entries(bundled).map(([name, { title, says }]) => (
        <label key={name} class="option">
          <input
            type="radio"
            name="bundled"
            checked={name === chosen}
            onChange={() => choose({ kind: "bundled", name: name as BundledName })}
          />
          <span>
            <strong>{title}</strong>
            <span class="small muted">{says}</span>
          </span>
        </label>
      ))}
    </div>
  );
}

/** The loaded model, on one line. */
function Loaded() {
  const state = load.value;
  if (state.kind !== "ready") return null;
  const { info, name } = state;
  const software = device.value.kind === "ready" && device.value.facts.software;
  const facts: ComponentChildren[] = [
    info.architecture,
    `${info.quantisation}: ${memory(info.weightBytes)} of weights on the GPU, ${memory(info.fileBytes)} in files`,
    `context ${count(info.context)}`,
    info.experts && `${info.experts.k} of ${info.experts.count} experts a token`,
    info.tuned > 0 && `${counted(info.tuned, "measurement")} of this device in use`,
    info.chat ? "chat and completion" : "a base model: it continues text",
    software && "on the processor",
  ].filter(Boolean);
  return (
    <section class="model loaded" aria-label="Model">
      <p class="row">
        <strong>{name}</strong>
        <span class="small muted facts">{facts.join(" · ")}</span>
        <button type="button" onClick={() => void leaveModel()}>
          Change model
        </button>
      </p>
    </section>
  );
}
