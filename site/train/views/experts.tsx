import { signal } from "@preact/signals";
import { TableFrame } from "../../shell/controls/table-frame.tsx";
import { count, digits, percent } from "../../shell/format.ts";
import { Figure } from "../../shell/plots/figure.tsx";
import { isMixture } from "../setup/settings.ts";
import { shown, text } from "../state.ts";
import { taskOf } from "../tasks/tasks.ts";
import { divisionsOf, type RouterFacts } from "../worker/expert-use.ts";
import { lookAt } from "./shown-step.ts";
import { differenceOf, sharesOf, specialisationChart, together, usesOf } from "./specialisation.ts";
import { StepSlider } from "./step-slider.tsx";

/** The shown division of tokens. */
const chosenDivision = signal(0);

/** What is known about the routers; before a stored run is opened, from its settings. */
function routers(): RouterFacts | undefined {
  const { facts, settings } = shown.value;
  if (facts || !isMixture(settings)) return facts?.routers;
  try {
    const divisions = divisionsOf(taskOf(settings.task).examples(settings.length, text.value));
    const { layers, experts, chosen } = settings;
    return { layers: Array.from({ length: layers }, (_, i) => i), experts, chosen, divisions };
  } catch {
    return undefined; // a text unsuitable for the task; the run reports it
  }
}

/** Which experts the tokens of each kind chose, by layer, at the chosen step, and how that developed. */
export function ExpertsView() {
  const { history } = shown.value;
  const { step, use: all } = lookAt(history) ?? {};
  const known = all && routers();
  const at = known && chosenDivision.value < known.divisions.length ? chosenDivision.value : 0;
  const [use, division] = [all?.[at], known?.divisions[at]];
  if (!use || !known || !division || step === undefined) return null;
  const { layers, experts, chosen, divisions } = known;
  const { by, kinds } = division;
  return (
    <section class="panel experts" aria-label="Experts">
      <h2>Which experts each {by} uses</h2>
      <p class="small">
        At step {count(step)}: of the choices that tokens of each {by} made in what is held out, the per cent that each
        of the {experts} experts got. Of each token {chosen} are chosen, so that used equally each has{" "}
        {digits(100 / experts)} %. In bold: the one that a {by} uses most.
      </p>
      {divisions.length > 1 && (
        <fieldset class="row" aria-label="Tokens divided by">
          {divisions.map((one, i) => (
            <button
              key={one.by}
              type="button"
              class="chip"
              aria-pressed={i === at}
              onClick={() => {
                chosenDivision.value = i;
              }}
            >
              by {one.by}
            </button>
          ))}
        </fieldset>
      )}
      <StepSlider />
      <div class="expert-layers">
        {layers.map((layer, i) => (
          <LayerTable key={layer} layer={layer} by={by} kinds={kinds} experts={experts} use={use[i] ?? []} />
        ))}
      </div>
      <Figure
        name="experts"
        title="Specialisation"
        caption={`The share of choices in which two kinds of tokens differ, the mean over all pairs, by layer. 0 % where each ${by} uses the experts equally often, 100 % where no expert is used by two of them.`}
        of={`${at} ${history.looks.length} ${history.looks.at(-1)?.step}`}
        draw={specialisationChart(history.looks, at, layers)}
        numbers={() => ({
          label: "Specialisation",
          columns: [
            { name: "step", show: count },
            ...layers.map((layer) => ({ name: `layer ${layer}, share`, show: percent })),
          ],
          rows: usesOf(history.looks, at).map(({ step: after, use: found }) => [after, ...found.map(differenceOf)]),
        })}
      />
    </section>
  );
}

interface LayerProps {
  readonly layer: number;
  readonly by: string;
  readonly kinds: readonly string[];
  readonly experts: number;
  /** Choices of each expert, by kinds. */
  readonly use: readonly (readonly number[])[];
}

function LayerTable({ layer, by, kinds, experts, use }: LayerProps) {
  const numbers = Array.from({ length: experts }, (_, expert) => expert);
  const rows = [...kinds.map((name, i) => [name, use[i] ?? []] as const), ["all", together(use)] as const];
  return (
    <div>
      <h3>Layer {layer}</h3>
      <TableFrame label={`Experts of layer ${layer}`}>
        <table>
          <thead>
            <tr>
              <th scope="col">{by}, expert</th>
              {numbers.map((expert) => (
                <th key={expert} scope="col" class="number">
                  {expert}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, counts]) => {
              const shares = sharesOf(counts);
              const most = Math.max(...(shares ?? [1]));
              return (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  {numbers.map((expert) => (
                    <td key={expert} class="number">
                      <Share share={shares?.[expert]} isMost={shares?.[expert] === most} />
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </TableFrame>
      <p class="small muted">Two kinds differ in {percent(differenceOf(use))} of their choices.</p>
    </div>
  );
}

/** A share as a number over a bar. */
function Share({ share, isMost }: { share: number | undefined; isMost: boolean }) {
  if (share === undefined) return <>–</>;
  const number = Math.round(100 * share);
  return (
    <>
      {isMost ? <strong>{number}</strong> : number}
      <span class="share" style={{ width: `${100 * share}%` }} />
    </>
  );
}
