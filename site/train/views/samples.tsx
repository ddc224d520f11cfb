import { visible } from "../../../src/text/token-text.ts";
import { TableFrame } from "../../shell/controls/table-frame.tsx";
import { count, percent } from "../../shell/format.ts";
import { shown } from "../state.ts";
import { taskOf } from "../tasks/tasks.ts";
import { lookAt } from "./shown-step.ts";
import { StepSlider } from "./step-slider.tsx";

/** The model's answers to held-out examples, at the chosen step. */
export function Samples() {
  const { history, facts, settings, recorded } = shown.value;
  const look = lookAt(history);
  if (!look) return null;
  const { text, counted } = taskOf(settings.task);
  const isText = text !== undefined;
  const heldOut = count(facts?.heldOut ?? 0);
  const hasVoices = look.samples.some(({ voice }) => voice !== undefined);
  return (
    <section class="panel samples" aria-label="Samples">
      <h2>What it says{recorded ? ", recorded" : ""}</h2>
      <p class="small" id="sample-facts">
        At step {count(look.step)}:{" "}
        <strong>
          {percent(look.accuracy)} of {counted ?? heldOut} right
        </strong>
        {look.words
          ? ", which no sentence says"
          : counted === undefined
            ? " that it was never trained on"
            : ` in ${heldOut} ${isText ? "windows" : "sentences"} that are held out`}
        .
      </p>
      <StepSlider />
      <TableFrame label="Samples that are held out">
        <table>
          <thead>
            <tr>
              {hasVoices && <th scope="col">voice</th>}
              <th scope="col">given</th>
              <th scope="col">it says</th>
              {!isText && <th scope="col">right</th>}
            </tr>
          </thead>
          <tbody>
            {look.samples.map(({ prompt, answer, given, voice }) => (
              <tr key={prompt}>
                {hasVoices && <td>{voice}</td>}
                <td class={isText ? "wraps" : ""}>
                  <code>{words(prompt)}</code>
                </td>
                <td class={isText ? "wraps" : ""}>
                  <code>{words(given)}</code>
                </td>
                {!isText && (
                  <td>
                    {given === answer ? (
                      "✓"
                    ) : (
                      <span class="wrong">
                        ✗ <code>{words(answer)}</code>
                      </span>
                    )}
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </TableFrame>
    </section>
  );
}

/** White space is made visible where it could be overlooked: at the ends, and unless it is a single space. */
const words = (text: string) => visible(text).replace(/(?<=[^␣↵⇥])␣(?=[^␣↵⇥])/g, " ");
