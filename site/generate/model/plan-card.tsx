import type { LoadPlan } from "../../../src/generate/load/plan-load.ts";
import { type CacheFormat, cacheFormats } from "../../../src/kernels/formats/formats.ts";
import { recipes } from "../../../src/models/decoders/recipes.ts";
import { device } from "../../shell/device/device.ts";
import { count, memory } from "../../shell/format.ts";
import { Troubles } from "../../shell/trouble/troubles.tsx";
import { cacheFormat, choice, context, problems, recipe, runAtOnce } from "../state.ts";
import { troubleOf } from "../troubles/failure.ts";
import { nameOf, problemOf } from "./choice.ts";
import { startLoading } from "./load.ts";
import { lookAgain, plan } from "./plan.ts";
import { filesWords } from "./plan-words.ts";

/** The chosen model's requirements, and the button that loads it. */
export function PlanCard() {
  const chosen = choice.value;
  const state = plan.value;
  const problem = problemOf(chosen);
  if (problem !== undefined) return problem === "" ? null : <p class="problem">{problem}</p>;
  if (state.kind === "failed") {
    const trouble = troubleOf(state.error, "plan");
    const again = { name: "Look again", run: () => void lookAgain.value++ };
    return (
      <>
        <Troubles troubles={[{ ...trouble, action: again }]} />
        <p class="row small">
          <button type="button" onClick={() => void startLoading()}>
            Load anyway
          </button>
          <span class="muted">without knowing what it needs</span>
        </p>
      </>
    );
  }
  const known = state.kind === "known" ? state.plan : undefined;
  const why = whyNot(state.kind, known);
  return (
    <div class="plan">
      <h3>{nameOf(chosen)}</h3>
      {known ? (
        <Needs plan={known} />
      ) : (
        <p class={`small muted ${waiting(state.kind) === "" ? "" : "needs"}`}>{waiting(state.kind)}</p>
      )}
      <Room plan={known} />
      <p class="row">
        <button
          type="button"
          class="primary"
          aria-disabled={why !== undefined}
          aria-describedby={why === undefined ? undefined : "why-no-load"}
          onClick={() => why === undefined && void startLoading()}
        >
          {known ? filesWords(known, chosen.kind === "files").button : "Load model"}
        </button>
        {why !== undefined && (
          <span class="small problem" id="why-no-load">
            {why}
          </span>
        )}
      </p>
    </div>
  );
}

const waiting = (kind: string) =>
  kind === "asking" ? "Reading what the model needs…" : device.value.kind === "opening" ? "Opening the GPU…" : "";

function whyNot(kind: string, known: LoadPlan | undefined): string | undefined {
  if (device.value.kind === "missing") return "Nothing can be loaded without a GPU; see below.";
  const wrong = problems.value.get("context");
  if (wrong) return wrong;
  if (known && !known.fits) return known.why ?? "It does not fit this device.";
  return known ? undefined : kind === "asking" ? "" : "Choose a model first.";
}

/** Sizes before anything is downloaded. */
function Needs({ plan: known }: { plan: LoadPlan }) {
  const { architecture, parameters, weightBytes, cacheBytes, temporaryBytes } = known;
  const all = weightBytes + cacheBytes + temporaryBytes;
  const buffer = device.value.kind === "ready" ? device.value.facts.limits.buffer : undefined;
  const rows: readonly (readonly [string, string])[] = [
    [
      "kind",
      [architecture, `${parametersOf(parameters)} parameters`, known.quantisation, known.license]
        .filter(Boolean)
        .join(" · "),
    ],
    ["writes", known.chat ? "chat, and completion" : "completion: it is a base model"],
    filesWords(known, choice.value.kind === "files").line,
    ["weights on the GPU", memory(weightBytes)],
    [`keys and values of ${count(known.context)} tokens`, memory(cacheBytes)],
    ["temporaries", memory(temporaryBytes)],
    ["together", `${memory(all)}${buffer === undefined ? "" : `; one buffer of this device holds ${memory(buffer)}`}`],
    ["longest context that fits", known.longestContext > 0 ? `${count(known.longestContext)} tokens` : "none"],
  ];
  return (
    <dl class="needs small">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const parametersOf = (n: number): string =>
  n >= 1e9 ? `${(n / 1e9).toFixed(2)} G` : n >= 1e6 ? `${(n / 1e6).toFixed(1)} M` : count(n);

/** Context, cache and weights, which determine the memory. */
function Room({ plan: known }: { plan: LoadPlan | undefined }) {
  const problem = problems.value.get("context");
  return (
    <details class="options">
      <summary>Context, cache and weights</summary>
      <div class="row">
        <label class="field">
          <span>context, tokens</span>
          <input
            type="number"
            min={1}
            max={known?.longestContext || undefined}
            value={context.value ?? ""}
            placeholder={known ? String(known.context) : ""}
            aria-invalid={problem !== undefined}
            onInput={({ currentTarget: { value } }) => {
              runAtOnce.value = false;
              context.value = value === "" ? undefined : Number(value);
            }}
          />
        </label>
        <label class="field">
          <span>keys and values as</span>
          <select
            value={cacheFormat.value}
            onChange={({ currentTarget: { value } }) => {
              runAtOnce.value = false;
              cacheFormat.value = value as CacheFormat;
            }}
          >
            {cacheFormats.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>weights as</span>
          <select
            value={recipe.value ?? ""}
            onChange={({ currentTarget: { value } }) => {
              runAtOnce.value = false;
              recipe.value = recipes.find((name) => name === value);
            }}
          >
            <option value="">stored</option>
            {recipes.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
    </details>
  );
}
