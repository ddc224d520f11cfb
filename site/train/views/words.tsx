import { signal } from "@preact/signals";
import { TableFrame } from "../../shell/controls/table-frame.tsx";
import { count, digits } from "../../shell/format.ts";
import { Figure } from "../../shell/plots/figure.tsx";
import { type Point, pairChart } from "../../shell/plots/pairs.ts";
import { shown } from "../state.ts";
import type { WordMap } from "../tasks/vectors/look.ts";
import { lookAt } from "./shown-step.ts";
import { StepSlider } from "./step-slider.tsx";

/** The relation whose words are shown. */
const chosenRelation = signal(0);

/** Word vectors and their neighbours at the chosen step. */
export function WordsView() {
  const { step, words } = lookAt(shown.value.history) ?? {};
  const map = words?.maps[chosenRelation.value] ?? words?.maps[0];
  if (!words || !map || step === undefined) return null;
  return (
    <section class="panel word-map" aria-label="Word vectors">
      <h2>Where the words are</h2>
      <p class="small">
        At step {count(step)}. A line joins the words of a pair: where lines are parallel and as long, the difference of
        two words is the same in each pair, and analogies come out.
      </p>
      <fieldset class="row" aria-label="Relation">
        {words.maps.map(({ name }, i) => (
          <button
            key={name}
            type="button"
            class="chip"
            aria-pressed={name === map.name}
            onClick={() => {
              chosenRelation.value = i;
            }}
          >
            {name}
          </button>
        ))}
      </fieldset>
      <StepSlider />
      <Figure
        name="words"
        title="Words in their plane"
        caption={`The vectors of these words in the plane in which they vary most (principal components, of these words alone): ${map.name}. Circles are the first words of the pairs, squares the second.`}
        of={`${map.name} ${step}`}
        draw={pairChart(pairsOf(map))}
        numbers={() => ({
          label: "Words in their plane",
          names: { column: "word", of: map.words },
          columns: ["first axis", "second axis"].map((name) => ({ name, show: digits })),
          rows: map.points,
        })}
      />
      <TableFrame label="Nearest words">
        <table>
          <thead>
            <tr>
              <th scope="col">word</th>
              <th scope="col">nearest, by the angle between vectors</th>
            </tr>
          </thead>
          <tbody>
            {words.neighbours.map(({ word, near }) => (
              <tr key={word}>
                <th scope="row">{word}</th>
                <td class="wraps">{near.join(", ")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableFrame>
    </section>
  );
}

/** The words of pairs, with their places. */
const pairsOf = ({ words, points }: WordMap): readonly (readonly Point[])[] => {
  const named = points.map(([x, y], i) => ({ name: words[i] ?? "", x, y }));
  return named.flatMap((_, i) => (i % 2 === 0 ? [named.slice(i, i + 2)] : []));
};
