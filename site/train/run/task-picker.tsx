import { phase, settings, speed } from "../state.ts";
import { expectationOf } from "../tasks/expectation.ts";
import { taskGroups } from "../tasks/task.ts";
import { taskNames, taskOf } from "../tasks/tasks.ts";
import { chooseTask, tryVariation } from "./actions.ts";

/** The tasks by group, a description of the chosen one, and alternative settings. */
export function TaskPicker() {
  const { task } = settings.value;
  const { says, variations = [] } = taskOf(task);
  const isOpening = phase.value === "opening";
  const tried = variations.find(({ settings: given }) =>
    Object.entries(given).every(([name, value]) => settings.value[name as keyof typeof given] === value),
  );
  const expected = expectationOf(settings.value, speed.value?.stepsPerSecond);
  return (
    <>
      <div class="tasks">
        {taskGroups.map((group) => (
          <fieldset key={group} class="row" aria-label={group}>
            <span class="small muted" aria-hidden="true">
              {group}
            </span>
            {taskNames
              .filter((name) => taskOf(name).group === group)
              .map((name) => (
                <button
                  key={name}
                  type="button"
                  class="chip"
                  aria-pressed={name === task}
                  aria-disabled={isOpening}
                  onClick={() => isOpening || void chooseTask(name)}
                >
                  {taskOf(name).title}
                </button>
              ))}
          </fieldset>
        ))}
      </div>
      <p id="task-says">{says}</p>
      {variations.length > 0 && (
        <p class="row small" id="variations">
          {variations.map((variation) => (
            <button
              key={variation.title}
              type="button"
              class="chip"
              aria-pressed={variation === tried}
              aria-disabled={isOpening}
              onClick={() => isOpening || void tryVariation(variation === tried ? {} : variation.settings)}
            >
              {variation.title}
            </button>
          ))}
          <span>{tried?.says ?? "Try it: the run so far stays in the figures to compare with."}</span>
        </p>
      )}
      {expected !== undefined && (
        <p class="small muted" id="expects">
          {expected}
        </p>
      )}
    </>
  );
}
