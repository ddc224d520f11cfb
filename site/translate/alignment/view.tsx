import { HeadPicker, headWords } from "../../shell/tokens/head-picker.tsx";
import { grid, head, picked, rowScale, shown } from "../state.ts";
import { Grid } from "./grid.tsx";
import { AlignmentTable } from "./table.tsx";
import { pickedWords } from "./words.ts";

/** What each written token attends to: a grid with a choice of layer and head, and the same as a table. */
export function AlignmentView() {
  const now = shown.value;
  if (!now) return null;
  return (
    <section class="alignment" aria-label="Alignment" id="alignment">
      <h2>Alignment</h2>
      <p class="small muted">
        A row for each token that was written, a column for each of your text's: the fuller a cell, the more the one
        attended to the other when it was chosen. Shown is the <strong>{headWords(head.value)}</strong>. A weight says
        what was read, not why.
      </p>
      <Grid now={now} />
      <p class="small" id="picked-words" aria-live="polite">
        {pickedWords(now, grid.value, picked.value) ||
          "Point at a cell or a token, or walk the grid with the arrow keys."}
      </p>
      <p>
        <label class="small check">
          <input
            type="checkbox"
            checked={rowScale.value}
            onChange={({ currentTarget: { checked } }) => {
              rowScale.value = checked;
            }}
          />{" "}
          Scale each row by its largest weight
        </label>
      </p>
      {now.perHead ? (
        <HeadPicker
          layers={now.layers}
          heads={now.heads}
          choice={head.value}
          onPick={(chosen) => {
            head.value = chosen;
          }}
        />
      ) : (
        <p class="small muted" id="mean-only">
          For a text of this length there is the mean of all layers and heads alone: each of them would take too much
          memory.
        </p>
      )}
      <AlignmentTable />
    </section>
  );
}
