import { useState } from "preact/hooks";
import type { ExpertsOfTokens, LayerExperts } from "../../../src/engine/engine.ts";
import { visible } from "../../../src/text/token-text.ts";
import { TableFrame } from "../../shell/controls/table-frame.tsx";
import { count, counted, percent } from "../../shell/format.ts";
import type { ShownToken } from "../../shell/tokens/tokens.ts";

/** Maximum tokens shown together. */
const page = 200;

/** The experts of each token, layer by layer: by number and by colour, highest weight first. */
export function ExpertsStrip({
  tokens,
  experts,
  lit,
  onChoose,
}: {
  tokens: readonly ShownToken[];
  experts: ExpertsOfTokens;
  /** Index of the token marked by another strip. */
  lit?: number | undefined;
  onChoose?: ((index: number) => void) | undefined;
}) {
  const [at, setAt] = useState(0);
  const [only, setOnly] = useState<number>();
  const [shown, setShown] = useState(page);
  const layer = experts.layers[Math.min(at, experts.layers.length - 1)];
  if (!layer) return <p class="small muted">No layer has experts.</p>;
  const known = Math.min(tokens.length, layer.experts.length / experts.k);
  return (
    <section class="experts-strip" aria-label="Experts">
      <p class="row">
        <label class="small">
          layer{" "}
          <select value={at} onChange={({ currentTarget }) => setAt(Number(currentTarget.value))}>
            {experts.layers.map(({ layer: number }, i) => (
              <option key={number} value={i}>
                {number}
              </option>
            ))}
          </select>
        </label>
        <span class="small muted">
          Each token goes to {experts.k} of {experts.count} experts. Choose an expert to see its tokens alone.
        </span>
      </p>
      <Usage experts={experts} layer={layer} known={known} only={only} onOnly={setOnly} />
      <p class="experts-text">
        {tokens.slice(0, Math.min(shown, known)).map((token, i) => {
          const chosen = choicesOf(layer, experts.k, i);
          const words = chosen.map(({ expert, weight }) => `expert ${expert}, ${percent(weight)}`).join("; ");
          const dim = only !== undefined && chosen.every(({ expert }) => expert !== only);
          return (
            <button
              key={i}
              type="button"
              class={`routed${i === lit ? " lit" : ""}${dim ? " dim" : ""}`}
              title={words}
              onClick={() => onChoose?.(i)}
            >
              <span class="routed-text">{visible(token.alone)}</span>
              <span class="hidden-text">: {words}</span>
              <span class="routed-experts" aria-hidden="true">
                {chosen.map(({ expert }) => (
                  <Badge key={expert} expert={expert} />
                ))}
              </span>
            </button>
          );
        })}
      </p>
      {known > shown && (
        <button type="button" onClick={() => setShown(shown + page)}>
          Show {Math.min(page, known - shown)} more of {count(known)} tokens
        </button>
      )}
      <ExpertsTable tokens={tokens} experts={experts} known={Math.min(shown, known)} />
    </section>
  );
}

/** The experts of a token with their weights, highest first. */
function choicesOf({ experts, weights }: LayerExperts, k: number, token: number) {
  return Array.from({ length: k }, (_, i) => ({
    expert: experts[token * k + i] ?? 0,
    weight: weights[token * k + i] ?? 0,
  })).sort((p, q) => q.weight - p.weight);
}

/** Colours repeat beyond their number; the number of the expert is always written. */
const colours = 8;

function Badge({ expert }: { expert: number }) {
  return <span class={`expert e${expert % colours}`}>{expert}</span>;
}

/** The number of tokens of each expert, as a legend for selecting one. */
function Usage({
  experts: { count: experts, k },
  layer,
  known,
  only,
  onOnly,
}: {
  experts: ExpertsOfTokens;
  layer: LayerExperts;
  known: number;
  only: number | undefined;
  onOnly: (expert: number | undefined) => void;
}) {
  const uses = new Array<number>(experts).fill(0);
  for (const expert of layer.experts.subarray(0, known * k)) uses[expert] = (uses[expert] ?? 0) + 1;
  return (
    <fieldset class="row experts-usage" aria-label="Tokens of each expert">
      {uses.map((tokens, expert) => (
        <button
          key={expert}
          type="button"
          aria-pressed={only === expert}
          aria-label={`Expert ${expert}: ${counted(tokens, "token")}`}
          onClick={() => onOnly(only === expert ? undefined : expert)}
        >
          <Badge expert={expert} /> {tokens}
        </button>
      ))}
    </fieldset>
  );
}

function ExpertsTable({
  tokens,
  experts,
  known,
}: {
  tokens: readonly ShownToken[];
  experts: ExpertsOfTokens;
  known: number;
}) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary class="small">Experts as a table</summary>
      {open && (
        <TableFrame label="Table of experts">
          <table>
            <thead>
              <tr>
                <th scope="col">token</th>
                {experts.layers.map(({ layer }) => (
                  <th key={layer} scope="col">
                    layer {layer}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {tokens.slice(0, known).map((token, i) => (
                <tr key={i}>
                  <th scope="row">
                    <code>{visible(token.alone)}</code>
                  </th>
                  {experts.layers.map((layer) => (
                    <td key={layer.layer}>
                      {choicesOf(layer, experts.k, i)
                        .map(({ expert, weight }) => `${expert} (${percent(weight)})`)
                        .join(", ")}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </TableFrame>
      )}
    </details>
  );
}
