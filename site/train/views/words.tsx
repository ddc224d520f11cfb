import { signal } from "@preact/signals";
import { TableFrame } from "../../shell/controls/table-frame.tsx";
import { count, digits } from "../../shell/format.ts";
import { shown } from "../state.ts";
import type { WordMap } from "../tasks/vectors/look.ts";
import { type Draw, Figure } from "./figure.tsx";
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
        draw={wordChart(map)}
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

/** Words as points, those of a pair joined. */
const wordChart =
  ({ words, points }: WordMap): Draw =>
  (Plot, { width, colour }) => {
    const rows = points.map(([x, y], i) => ({ x, y, word: words[i] ?? "", isSecond: i % 2 === 1 }));
    const pairs = rows.flatMap((from, i) => {
      const to = rows[i + 1];
      return !from.isSecond && to ? [{ from, to }] : [];
    });
    const side = (isSecond: boolean) => rows.filter((row) => row.isSecond === isSecond);
    const small = width < 500;
    return Plot.plot({
      width,
      height: small ? 420 : 480,
      margin: 24,
      marginRight: small ? 48 : 72,
      inset: 8,
      style: {
        background: "transparent",
        color: colour("--text"),
        fontSize: small ? "11px" : "13px",
        overflow: "visible",
      },
      x: { axis: null },
      y: { axis: null },
      marks: [
        Plot.link(pairs, {
          x1: ({ from }) => from.x,
          y1: ({ from }) => from.y,
          x2: ({ to }) => to.x,
          y2: ({ to }) => to.y,
          stroke: colour("--border"),
        }),
        Plot.dot(side(false), { x: "x", y: "y", fill: colour("--series-1"), r: 3 }),
        Plot.dot(side(true), { x: "x", y: "y", fill: colour("--series-2"), r: 3, symbol: "square" }),
        Plot.text(rows, { x: "x", y: "y", text: "word", dx: 6, textAnchor: "start" as const, fill: colour("--text") }),
      ],
    });
  };
