import { share } from "./tokens.ts";

/** The chosen layer and head; undefined is the mean over all. */
export interface HeadChoice {
  readonly layer: number | undefined;
  readonly head: number | undefined;
}

/** The choice as text. */
export function headWords({ layer, head }: HeadChoice): string {
  if (layer === undefined && head === undefined) return "mean of all layers and heads";
  if (head === undefined) return `layer ${layer}, mean of its heads`;
  return layer === undefined ? `head ${head}, mean of the layers` : `layer ${layer}, head ${head}`;
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

/** The weight of every head at one position. */
export interface GivenWeights {
  /** The position as text. */
  readonly to: string;
  readonly by: (layer: number, head: number) => number;
}

interface HeadPickerProps {
  readonly layers: number;
  readonly heads: number;
  readonly choice: HeadChoice;
  readonly onPick: (choice: HeadChoice) => void;
  /** Tints the cells of the matrix, if known. */
  readonly given?: GivenWeights | undefined;
}

/** Chooses a layer and a head by lists, or both by a matrix of layers and heads; the mean comes first. */
export function HeadPicker({ layers, heads, choice, onPick, given }: HeadPickerProps) {
  const pick = (name: "layer" | "head", count: number, mean: string) => (
    <label class="small">
      {name}{" "}
      <select
        value={choice[name] ?? ""}
        onChange={({ currentTarget: { value } }) =>
          onPick({ ...choice, [name]: value === "" ? undefined : Number(value) })
        }
      >
        <option value="">{mean}</option>
        {numbers(count).map((i) => (
          <option key={i} value={i}>
            {i}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <div class="head-picker">
      <p class="row">
        {pick("layer", layers, "mean of all")}
        {pick("head", heads, "mean of all")}
      </p>
      <p class="small muted head-says">
        Layers down, heads across
        {given ? (
          <>
            ; the fuller, the more a head gives to <span class="head-to">{given.to}</span>
          </>
        ) : (
          ":"
        )}
      </p>
      <HeadMatrix layers={layers} heads={heads} choice={choice} onPick={onPick} given={given} />
    </div>
  );
}

/** A cell for each head of each layer; arrow keys move, Enter and Space choose, and a second press chooses the mean. */
function HeadMatrix({ layers, heads, choice, onPick, given }: HeadPickerProps) {
  const [row, column] = [choice.layer ?? 0, choice.head ?? 0];
  const move = (event: KeyboardEvent) => {
    const cell = (event.target as HTMLElement).closest<HTMLElement>("[data-cell]");
    const [layer = 0, head = 0] = (cell?.dataset["cell"] ?? "").split(",").map(Number);
    const to: Readonly<Record<string, readonly [number, number]>> = {
      ArrowUp: [layer - 1, head],
      ArrowDown: [layer + 1, head],
      ArrowLeft: [layer, head - 1],
      ArrowRight: [layer, head + 1],
      Home: [layer, 0],
      End: [layer, heads - 1],
    };
    const next = to[event.key];
    if (!next || !cell || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const there = [Math.max(0, Math.min(layers - 1, next[0])), Math.max(0, Math.min(heads - 1, next[1]))];
    const found = (event.currentTarget as HTMLElement).querySelector<HTMLElement>(`[data-cell="${there.join(",")}"]`);
    found?.focus();
  };
  return (
    <fieldset
      class="head-matrix"
      aria-label="Layers down, heads across"
      onKeyDown={move}
      style={{ gridTemplateColumns: `repeat(${heads}, minmax(0, 24px))` }}
    >
      {numbers(layers).flatMap((layer) =>
        numbers(heads).map((head) => {
          const chosen = choice.layer === layer && choice.head === head;
          const within = (choice.layer ?? layer) === layer && (choice.head ?? head) === head;
          const weight = given?.by(layer, head);
          const words = `ayer ${layer}, head ${head}${weight === undefined ? "" : `: ${share(weight)}`}`;
          return (
            <button
              key={`${layer} ${head}`}
              type="button"
              data-cell={`${layer},${head}`}
              tabIndex={layer === row && head === column ? 0 : -1}
              class={within ? "within" : ""}
              aria-pressed={chosen}
              aria-label={`L${words}`}
              title={`l${words}`}
              onClick={() => onPick(chosen ? { layer: undefined, head: undefined } : { layer, head })}
            >
              {weight !== undefined && <span class="head-fill" style={{ height: `${100 * weight}%` }} />}
            </button>
          );
        }),
      )}
    </fieldset>
  );
}
