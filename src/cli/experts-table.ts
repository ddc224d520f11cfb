import type { Tokenizer } from "../text/tokenizer.ts";
import type { ExpertUse, LayerUse } from "./expert-use.ts";

/** Number of tokens of a text that are listed. */
const shownTokens = 16;

/** The experts of the first tokens in order of choice: a row per token, a column per layer. */
export function chosenTable(tokenizer: Tokenizer, { name, tokens, layers }: ExpertUse, columns: number): string {
  const shown = tokens.slice(0, shownTokens);
  const texts = shown.map((id) => JSON.stringify(tokenizer.decode([id], { skipSpecialTokens: false })));
  const width = Math.max(5, ...texts.map((text) => text.length));
  const cells = layers.map(({ experts }) => experts.slice(0, shownTokens).map((chosen) => chosen.join(" ")));
  const heads = layers.map(({ layer }) => `layer ${layer}`);
  const widths = cells.map((column, i) => Math.max(heads[i]?.length ?? 0, ...column.map((text) => text.length)));
  const fitting = widths.filter((_, i) => width + sum(widths.slice(0, i + 1)) + 2 * (i + 1) <= columns).length;
  const line = (first: string, rest: readonly string[]) =>
    [first.padEnd(width), ...rest.slice(0, fitting).map((text, i) => text.padStart(widths[i] ?? 0))].join("  ");
  const more = tokens.length - shown.length;
  return [
    `${name}: the experts of ${more > 0 ? `the first ${shown.length} of ${tokens.length}` : shown.length} tokens`,
    line("token", heads),
    ...texts.map((text, row) =>
      line(
        text,
        cells.map((column) => column[row] ?? ""),
      ),
    ),
    ...(fitting < layers.length ? [`… and ${layers.length - fitting} layers more, with --json`] : []),
  ]
    .map((text) => text.trimEnd())
    .join("\n")
    .concat("\n");
}

/** How each text used the experts of each layer: their shares in percent, how uneven they are, how full the blocks. */
export function usageTable(uses: readonly ExpertUse[], columns: number): string {
  const experts = uses[0]?.layers[0]?.counts.length ?? 0;
  const width = Math.max(4, ...uses.map(({ name }) => name.length));
  const room = Math.floor((columns - width - 8 - 22) / 4);
  const shown = Math.min(experts, Math.max(1, room));
  const head = ["layer", "text".padEnd(width), ...ids(shown), "imbalance", "efficiency"].join("  ");
  const lines = [
    `share of the choices that each expert got, %${shown < experts ? ` (${shown} of ${experts} experts; all with --json)` : ""}`,
    head,
  ];
  const layers = uses[0]?.layers.length ?? 0;
  for (let layer = 0; layer < layers; layer++) {
    for (const [i, { name, layers: own }] of uses.entries()) {
      const use = own[layer];
      if (!use) continue;
      const shares = sharesOf(use).slice(0, shown);
      const cells = shares.map((share) => String(Math.round(100 * share)).padStart(2));
      const figures = [imbalance(use).toFixed(2).padStart(9), efficiency(use).padStart(10)];
      lines.push([(i === 0 ? String(layer) : "").padStart(5), name.padEnd(width), ...cells, ...figures].join("  "));
    }
  }
  lines.push("imbalance: choices of the busiest expert over the mean. efficiency: choices over padded rows.");
  return `${lines.join("\n")}\n`;
}

/** How much the texts differ in their choices, by layer. */
export function differenceLines(uses: readonly ExpertUse[]): string {
  const layers = uses[0]?.layers.length ?? 0;
  const lines = ["share of choices in which two texts differ, for the least and the most different pair"];
  for (let layer = 0; layer < layers; layer++) {
    const pairs = uses.flatMap((a, i) =>
      uses.slice(i + 1).map((b) => ({
        names: `${a.name} and ${b.name}`,
        apart: distance(a.layers[layer], b.layers[layer]),
      })),
    );
    pairs.sort((p, q) => p.apart - q.apart);
    const [least, most] = [pairs[0], pairs.at(-1)];
    const text = (pair: typeof least) => (pair ? `${Math.round(100 * pair.apart)} % ${pair.names}` : "");
    lines.push(`layer ${layer}: ${text(least)}${pairs.length > 1 ? ` … ${text(most)}` : ""}`);
  }
  return `${lines.join("\n")}\n`;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const ids = (count: number) => Array.from({ length: count }, (_, e) => String(e).padStart(2));

function sharesOf({ counts }: LayerUse): number[] {
  const total = sum(counts);
  return counts.map((count) => count / total);
}

const imbalance = ({ counts }: LayerUse) => (Math.max(...counts) * counts.length) / sum(counts);

const efficiency = ({ counts, rows }: LayerUse) =>
  rows === null ? "–" : `${Math.round((100 * sum(counts)) / rows)} %`;

/** Half the sum of the absolute differences of the shares: 0 for the same use, 1 where no expert is used by both. */
function distance(a: LayerUse | undefined, b: LayerUse | undefined): number {
  if (!a || !b) return 0;
  const [p, q] = [sharesOf(a), sharesOf(b)];
  return sum(p.map((share, e) => Math.abs(share - (q[e] ?? 0)))) / 2;
}
